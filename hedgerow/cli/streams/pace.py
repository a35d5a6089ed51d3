"""So many records a second, evenly."""

from __future__ import annotations

import asyncio

from hedgerow.client.record_streams.outgoing import MOST_RECORDS

_STEP_SECONDS = 0.05
"""Of a batch: short enough to look even, long enough for timers."""

_CATCH_UP_SECONDS = 0.25
"""What was lost to timers is caught up with; not a pause of the mesh, which would make a burst of it."""


class Pace:
    """Says when the next records are due. `rate` is in records a second; None: at once."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._due = 0.0

    @property
    def batch_size(self) -> int:
        """How many records are to be sent at a time, at the most."""
        if self._rate is None:
            return MOST_RECORDS
        return max(1, min(MOST_RECORDS, int(self._rate * _STEP_SECONDS)))

    async def wait(self, records: int) -> None:
        """Wait until so many records are due."""
        if self._rate is None:
            return
        loop = asyncio.get_running_loop()
        self._due = max(self._due or loop.time(), loop.time() - _CATCH_UP_SECONDS)
        await asyncio.sleep(self._due - loop.time())
        self._due += records / self._rate
