"""Hosts and ports as gRPC reads them. Imports nothing, for model hosts need it at their start."""

from __future__ import annotations


def address_of(host: str, port: int | str) -> str:
    """Join a host and a port; an IPv6 address goes into brackets."""
    bare = host.removeprefix("[").removesuffix("]")
    return f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}"
