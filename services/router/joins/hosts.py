"""What a join knows of a host, and the choice of one among several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from services.router.joins.balanced import LoadedHost, less_loaded
from services.router.joins.keyed import PlacedHost, home_of


class JoinHost(PlacedHost, LoadedHost, Protocol):
    """One host of a model; `hosts.link` has the real one."""


H = TypeVar("H", bound=JoinHost)


def choose(hosts: Sequence[H], key: str) -> H | None:
    """Return the host that tasks of a key go to; any, if the key is empty. None: there are no hosts."""
    if len(hosts) < 2:
        return hosts[0] if hosts else None
    return home_of(key, hosts) if key else less_loaded(hosts)
