"""What a join knows of a host, and the choice of one among several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from services.router.joins.balanced import LoadedHost, less_loaded
from services.router.joins.keyed import PlacedHost, home_of


class JoinHost(PlacedHost, LoadedHost, Protocol):
    """One host of a model; `hosts.instance` has the real one."""


H = TypeVar("H", bound=JoinHost)


def choose(hosts: Sequence[H], key: str) -> H | None:
    """Return the host that tasks of a key go to; any, if the key is empty. None: there are no hosts."""
    if len(hosts) < 2:
        return hosts[0] if hosts else None
    return home_of(key, hosts) if key else less_loaded(hosts)


def choose_together(hosts: Sequence[Sequence[H]], key: str) -> list[H | None]:
    """Return the host of each model of a plan, given those of each, that tasks of a key go to.

    Where a host runs several of the models, they go there together: it is sent the task once, and reports
    once. Those of a key stay with its executor.
    """
    chosen: list[H | None] = []
    addresses: set[str] = set()
    for of_model in hosts:
        one = choose(of_model, key)
        if one is not None and one.address not in addresses and len(of_model) > 1:
            with_others = [
                other
                for other in of_model
                if other.address in addresses and (not key or other.executor == one.executor)
            ]
            one = with_others[0] if with_others else one
        if one is not None:
            addresses.add(one.address)
        chosen.append(one)
    return chosen
