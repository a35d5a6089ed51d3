"""How large batches of a stream are, and when they have their turn.

A batch takes a host as long as many single records, and whatever comes meanwhile waits. While there are no
calls nobody does: batches are as large as their deadline allows, and there is always another one behind.
While there are calls, batches are short, one after the other, and between them there is time left over.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

_BESIDE_CALLS_SECONDS = 5.0
"""Calls that came in this time count."""

_SHORT_SECONDS = 0.004
"""That a batch is to take beside calls; one that comes meanwhile waits half as long in the mean."""

_SHORT_ROWS = 64
"""That a batch may have all the same. Fewer save hardly any time, for each has a fixed cost: a machine that
is slow for a while would make them smaller and smaller, until more records come than are scored."""

_FIRST_ROWS = 32

_LONGEST_SECONDS = 0.1
"""After which the next batch has its turn: one that takes longer does not wait for a processor."""

_OF_DEADLINE = 0.4
"""That a batch may take of its deadline, so that nearly all are in time."""

_WEIGHT = 0.2
"""Of the last batch in what is known of a record's time."""


class Turns:
    """Of all streams that a router reads. `called_at` is when the last call came, by the loop's clock."""

    def __init__(self, share: float, called_at: Callable[[], float]) -> None:
        """`share`: of the time that streams take, while there are calls."""
        self._share = share
        self._called_at = called_at
        self._clock = asyncio.get_running_loop().time
        self._next = 0.0

    @property
    def beside_calls(self) -> bool:
        """Whether there are calls."""
        return self._clock() - self._called_at() < _BESIDE_CALLS_SECONDS

    async def wait(self, seconds: float) -> None:
        """Wait until it is the turn of a batch that will take so long.

        The next one has its turn when that time and what is left to calls are over, whether the batch is
        done by then or not: one that hangs keeps no other stream waiting.
        """
        while self.beside_calls and (left := self._next - self._clock()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(left)  # others may have had their turn by then
        self._next = self._clock() + min(seconds / self._share, _LONGEST_SECONDS)


class Pace:
    """Of the streams of one data type."""

    def __init__(self, turns: Turns, most: int) -> None:
        """`most`: records of a batch, whatever time there is."""
        self.most = most
        self._turns = turns
        self._clock = asyncio.get_running_loop().time
        self._seconds_a_row = 0.0

    def rows(self, deadline: float) -> int:
        """Return how many records the next batch may have, that has so many seconds."""
        if not self._seconds_a_row:
            return min(self.most, _FIRST_ROWS)
        rows = min(max(int(deadline * _OF_DEADLINE / self._seconds_a_row), 1), self.most)
        if self._turns.beside_calls:
            rows = min(rows, max(int(_SHORT_SECONDS / self._seconds_a_row), _SHORT_ROWS))
        return rows

    def batches(self, most: int) -> int:
        """Return how many batches of a partition may be on their way, where without calls `most` may."""
        return 1 if self._turns.beside_calls else most

    @asynccontextmanager
    async def turn(self, rows: int) -> AsyncIterator[None]:
        """Score a batch of so many records when it is its turn."""
        await self._turns.wait(rows * self._seconds_a_row)
        begun = self._clock()
        yield
        a_row = (self._clock() - begun) / max(rows, 1)
        before = self._seconds_a_row or a_row
        self._seconds_a_row = before + _WEIGHT * (a_row - before)
