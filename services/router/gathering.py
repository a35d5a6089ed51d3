"""Gathers tasks into frames by their arrival rate.

A frame has a fixed cost on every hop, so tasks that come close together should share one; but a lone
task must not wait for company that does not come. With the running rate of arrivals r, the first task
of a frame waits min(`at_most`, `target` / r), and not at all while r x `at_most` is under four tasks.
(A fixed window makes a lone request wait for nothing; yielding until the queue stops growing does
nothing at all; both were measured.)
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_MEMORY_SECONDS = 0.05
"""Over which arrivals the rate is taken."""
_WORTH_WAITING = 4
"""Tasks that must be expected within `at_most` before anything waits."""


class ArrivalRate:
    """Running rate of arrivals: a count that decays with a time constant."""

    __slots__ = ("_count", "_last")

    def __init__(self) -> None:
        self._count = 0.0
        self._last = 0.0

    def arrived(self, now: float) -> float:
        """Count an arrival at `now` (seconds); return arrivals per second."""
        self._count = self._count * math.exp((self._last - now) / _MEMORY_SECONDS) + 1.0
        self._last = now
        return self._count / _MEMORY_SECONDS


def window(rate: float, target: int, at_most: float) -> float:
    """Return how long (seconds) the first task of a frame waits for others at `rate` a second."""
    if rate * at_most < _WORTH_WAITING:
        return 0.0
    return min(at_most, target / rate)


class Gatherer(Generic[T]):
    """Collects items and hands them on, many at a time."""

    def __init__(self, target: int, at_most: float, hand_on: Callable[[list[T]], None]) -> None:
        self._target = target
        self._at_most = at_most
        self._hand_on = hand_on
        self._rate = ArrivalRate()
        self._waiting: list[T] = []
        self._loop = asyncio.get_running_loop()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, item: T) -> None:
        """Take an item; it is handed on within the window."""
        rate = self._rate.arrived(self._loop.time())
        self._waiting.append(item)
        if len(self._waiting) == 1:
            wait = window(rate, self._target, self._at_most)
            if wait:
                self._loop.call_later(wait, self.flush)
            else:
                self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Hand on what waits."""
        if self._waiting:
            items, self._waiting = self._waiting, []
            self._hand_on(items)
