"""Hosts and ports as gRPC reads them. Imports nothing, for model hosts need it at their start."""

from __future__ import annotations


def split_address(address: str) -> tuple[str, str]:
    """Return host and port; the port is empty where there is none, the host has no brackets.

    An IPv6 address with a port is in brackets; one without them is an address alone.
    """
    if address.startswith("["):
        host, _, rest = address[1:].partition("]")
        return host, rest.removeprefix(":")
    if address.count(":") == 1:
        host, _, port = address.partition(":")
        return host, port
    return address, ""


def address_of(host: str, port: int | str) -> str:
    """Join a host and a port; an IPv6 address goes into brackets."""
    bare = host.removeprefix("[").removesuffix("]")
    return f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}"
