"""Many deadlines, one timer: neither a task nor a timer handle a record."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Any)
"""Keys are hashable and can be ordered among each other (task ids)."""

_GRANULARITY = 0.001
"""Seconds by which a deadline may be called early. uvloop counts in milliseconds, and what is due within
the same one is called in one batch; late would be worse than early, for somebody waits."""

_SLACK = 64
"""Removed entries that may stay in the heap of a few; see `_compact`."""


class Deadlines(Generic[K]):
    """Calls `due` with the keys whose time has come, a list at a time, ordered by their deadlines.

    A key is called once, never after it was removed, and at most a millisecond before its time. Times
    are seconds of `clock`; left out, it is the running loop's `time`. All calls happen in the loop.
    """

    def __init__(
        self, due: Callable[[list[K]], None], clock: Callable[[], float] | None = None
    ) -> None:
        self._due = due
        self._loop = asyncio.get_running_loop()
        self._clock = clock or self._loop.time
        self._when: dict[K, float] = {}
        # What is removed or moved stays in the heap until it comes up or is compacted away.
        self._heap: list[tuple[float, K]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._armed_for = 0.0

    def __len__(self) -> int:
        return len(self._when)

    def add(self, key: K, when: float) -> None:
        """Call for a key at a time; a key that is there already is moved."""
        self._when[key] = when
        heap = self._heap
        heappush(heap, (when, key))
        if self._timer is None or when < self._armed_for:
            self._arm(when)
        if len(heap) > 2 * len(self._when) + _SLACK:
            self._compact()

    def remove(self, key: K) -> None:
        """Do not call for a key any more. One that is not there is none."""
        self._when.pop(key, None)

    def close(self) -> None:
        """Call for nothing any more."""
        self._when.clear()
        self._heap.clear()
        self._disarm()

    def _arm(self, when: float) -> None:
        self._disarm()
        self._armed_for = when
        # Not call_at: the clock need not be the loop's, and uvloop's stands still within a turn.
        self._timer = self._loop.call_later(max(0.0, when - self._clock()), self._fire)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fire(self) -> None:
        self._timer = None
        due = self._take(self._clock() + _GRANULARITY)
        if self._heap:
            self._arm(self._heap[0][0])
        if due:
            self._due(due)

    def _take(self, until: float) -> list[K]:
        """Take what is due off the heap, and what is dead in front of the next that is not."""
        heap, live = self._heap, self._when
        due: list[K] = []
        while heap:
            when, key = heap[0]
            alive = live.get(key) == when
            if alive and when > until:
                break
            heappop(heap)
            if alive:
                del live[key]
                due.append(key)
        return due

    def _compact(self) -> None:
        """Drop dead entries once they are most of the heap: a constant cost an entry over time."""
        live = self._when
        self._heap = [(when, key) for key, when in live.items()]
        heapify(self._heap)
