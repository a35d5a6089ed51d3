"""Which routers read which partitions: by rendezvous hashing; one that comes or goes moves its share."""

from __future__ import annotations

from collections.abc import Collection
from math import ceil

from services.router.joins.rendezvous import hash_of_key, hash_of_node, weight

_AT_LEAST = 2
"""Routers that read a partition beside each other: it does not stand still when one of them dies."""


def readers(tag: str, partitions: int, routers: Collection[str], is_alone: bool) -> list[str]:
    """Return the routers that read the partition of a tag, one of so many of its data type.

    Where one reads it alone, it is one; else as many as it takes for all routers to have something to read.
    """
    count = 1 if is_alone else max(_AT_LEAST, ceil(len(routers) / partitions))
    hashed = hash_of_key(tag)
    heaviest = sorted(routers, key=lambda router: weight(hashed, hash_of_node(router)))
    return heaviest[-count:]


def consumer_of(router: str, process: str) -> str:
    """Return the name in the log of a router's process: people see whose it is, and no other has it."""
    return f"{router}/{process}"


def router_of(holder: str) -> str:
    """Return the router that holds a lease, by the token, which begins with the consumer's name."""
    return holder.rpartition("/")[0]
