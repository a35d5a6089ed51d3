"""The keyed join: the executor of a key, and its host there.

The executor is what a key belongs to and not the host: so a key goes to one executor for all models that
it runs, and stays when a host is replaced there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from services.router.joins.rendezvous import hash_of_key, hash_of_node, weight, weights

Places = npt.NDArray[np.intp]


class PlacedHost(Protocol):
    """A host somewhere."""

    @property
    def address(self) -> str:
        """Its address."""

    @property
    def executor(self) -> str:
        """The address of the executor that runs it; its own where that is not known."""


H = TypeVar("H", bound=PlacedHost)


def home_of(key: str, hosts: Sequence[H]) -> H:
    """Return the host of a key, among at least one."""
    hashed = hash_of_key(key)

    def rank(host: H) -> tuple[int, int]:
        """Several hosts of one executor share its keys."""
        return weight(hashed, hash_of_node(host.executor)), weight(
            hashed, hash_of_node(host.address)
        )

    return max(hosts, key=rank)


def homes_of(keys: Sequence[str], hosts: Sequence[PlacedHost]) -> Places:
    """Return which of the hosts is that of each key [keys], as `home_of` does."""
    by_executor = weights(keys, [host.executor for host in hosts])
    if len({host.executor for host in hosts}) == len(hosts):
        only: Places = np.argmax(by_executor, axis=1)
        return only
    by_address = weights(keys, [host.address for host in hosts])
    best = by_executor == by_executor.max(axis=1, keepdims=True)
    of_best: Places = np.argmax(np.where(best, by_address, np.uint64(0)), axis=1)
    return of_best
