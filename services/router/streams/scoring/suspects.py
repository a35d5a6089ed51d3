"""Records that failed are tried again one batch at a time in the whole mesh.

What kills a host, or keeps it busy, makes whatever else is there fail too. If that were tried again beside
it, it would fail again, until it was tried too often. So there are *turns*: a batch of records that have
failed before is the only such batch on its way, at whichever router. When a turn has cost a host, or was
late, the next one waits until others know, or the host has gone on: the longer, the more turns in a row
end so.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

from hedgerow.errors import Unavailable
from services.common.log.lease import Lease
from services.router.streams.stopping import Stopping

_LOOK_SECONDS = 0.05
"""How often it is looked whether another router's turn is over."""

_MARGIN_SECONDS = 5.0
"""That a turn may take beyond its deadline; then others go on without hearing of it."""

_SHORTEST_REST, _LONGEST_REST = 0.1, 5.0
"""Seconds. All routers know in the first that a host is gone; in the other most that hang are killed."""

_LATE = 2
"""A rest after a late turn, in deadlines."""

_DOUBLINGS = 6
"""From the shortest rest to the longest. A model may be late for days: no number of turns is too large."""


class Suspects:
    """Of one data type, at one router. `name` is this process's, which no other has had."""

    def __init__(self, lease: Lease, name: str) -> None:
        self._lease = lease
        self._name = name
        self._lock = asyncio.Lock()
        self._clock = asyncio.get_running_loop().time
        self._quiet_at = 0.0
        self._in_a_row = 0

    def harmed(self, late_seconds: float) -> None:
        """A batch was late after so many seconds, or has cost a host (0)."""
        rest = max(late_seconds * _LATE, _SHORTEST_REST) * 2 ** min(self._in_a_row, _DOUBLINGS)
        self._quiet_at = max(self._quiet_at, self._clock() + min(rest, _LONGEST_REST))

    @asynccontextmanager
    async def turn(self, deadline: float, stopping: Stopping) -> AsyncIterator[None]:
        """Try a batch of them when it is its turn. Raises Stopped, and Unavailable."""
        async with self._lock:
            await stopping.pause(max(self._quiet_at - self._clock(), 0))
            lasts = timedelta(seconds=deadline + _MARGIN_SECONDS)
            while not await self._lease.acquire(self._name, lasts):
                await stopping.pause(_LOOK_SECONDS * random.uniform(0.5, 1.5))
            try:
                yield
            finally:
                with suppress(Unavailable):  # then it ends by itself
                    await self._end()

    async def _end(self) -> None:
        rest = self._quiet_at - self._clock()
        if rest <= 0:
            self._in_a_row = 0
            await self._lease.release(self._name)
            return
        self._in_a_row += 1
        await self._lease.acquire(self._name, timedelta(seconds=rest))
