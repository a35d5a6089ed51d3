"""Takes in what there is of a partition: what others left behind, before what is new.

Who reads alone takes all in its order. So nothing new is read before all that was read by anybody is here:
what others read before they knew that it is read alone, and what never came, because the log or the way to
it failed.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from services.common.log.streams import LeaseLost, Reading, RecordReader, Status
from services.router.streams.flow.custody import Custody


class BeginAnew(Exception):
    """The log has lost what it said: it gives records again that are here already."""


class Intake:
    """Of one partition, by one router. Methods raise Unavailable."""

    def __init__(
        self, reader: RecordReader, custody: Custody, redelivery: timedelta, is_alone: bool
    ) -> None:
        self._reader = reader
        self._custody = custody
        self._redelivery = redelivery
        self._is_alone = is_alone
        self._clock = asyncio.get_running_loop().time
        self._last = ""
        """Of those that are read alone: all that anybody has read up to this entry came here."""
        self._next_take_over = 0.0

    def begin(self) -> None:
        """Nothing is here yet."""
        self._last = ""
        self.lost()

    def lost(self) -> None:
        """An answer did not come: what it had is ours, and is not here."""
        self._next_take_over = 0.0
        self._reader.look_after(self._last)

    async def next(self, count: int, scores_most: int) -> Reading:
        """Read at most so many entries, none that is new while there are so many scores (0: any number).

        Raises LeaseLost, and BeginAnew.
        """
        while True:
            reading = await self._next(count, scores_most)
            if reading.status is Status.LOST:
                raise LeaseLost("another router reads this partition by now")
            if reading.status is Status.BACK:
                raise BeginAnew
            if reading.status is not Status.MISSED:
                return reading
            self.lost()

    async def _next(self, count: int, scores_most: int) -> Reading:
        while self._clock() >= self._next_take_over:
            reading = await self._take_over(count)
            if reading.entries or reading.status in (Status.HELD, Status.LOST):
                return reading
        reading = await self._reader.read(count, self._custody.token, scores_most, self._last)
        if self._is_alone and reading.entries:
            self._last = reading.entries[-1].id
        return reading

    async def _take_over(self, count: int) -> Reading:
        """Who reads alone takes all that is pending, for nobody else may have anything."""
        idle = timedelta(0) if self._is_alone else self._redelivery
        reading = await self._reader.take_over(idle, count, self._custody.token)
        if self._is_alone and reading.entries:
            self._last = reading.entries[-1].id
        if self._reader.has_seen_all:
            self._seen_all(reading)
        ours = [entry for entry in reading.entries if entry.id not in self._custody]
        return reading._replace(entries=ours)

    def _seen_all(self, reading: Reading) -> None:
        if self._is_alone:
            self._last, self._next_take_over = reading.last_id, float("inf")
        else:
            self._next_take_over = self._clock() + self._redelivery.total_seconds() / 2
