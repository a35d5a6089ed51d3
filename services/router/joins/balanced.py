"""The balanced join: any host, the less loaded of two.

Two random choices do nearly as well as looking at all, and routers that know of each other's tasks only by
chance do not all run to the same host (Mitzenmacher, "The Power of Two Choices in Randomized Load
Balancing", IEEE Transactions on Parallel and Distributed Systems 12(10), 2001).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Protocol, TypeVar


class LoadedHost(Protocol):
    """A host with something to do."""

    @property
    def outstanding(self) -> int:
        """Tasks that it has, and that wait for it."""


H = TypeVar("H", bound=LoadedHost)


def less_loaded(hosts: Sequence[H]) -> H:
    """Return one of at least two hosts."""
    one, other = random.sample(hosts, 2)
    return one if one.outstanding <= other.outstanding else other
