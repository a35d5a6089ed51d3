"""Sees to it that the log does not go on saying what is so no longer.

Several registries may do so on one log: each looks again at what exists when it writes, so what one has
done the others find done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from hedgerow.errors import Unavailable
from services.common.log import Log
from services.registry.housekeeping.gone_executors import GoneExecutors
from services.registry.housekeeping.late_changes import LateChanges
from services.registry.housekeeping.unused_bytes import UnusedBytes
from services.registry.ledger import Ledger

_log = structlog.get_logger()

GONE_AFTER = timedelta(minutes=1)
"""How long an executor holds no lease until it is taken for gone: longer than one takes to be replaced."""

_EVERY = timedelta(seconds=1)


class Housekeeping:
    """Of one registry."""

    def __init__(
        self,
        log: Log,
        ledger: Ledger,
        takeover_timeout: timedelta,
        gone_after: timedelta = GONE_AFTER,
    ) -> None:
        self._unused = UnusedBytes(log.definitions, ledger)
        self._late = LateChanges(ledger, takeover_timeout)
        self._gone = GoneExecutors(ledger, log.members, gone_after)
        self._every = min(_EVERY, takeover_timeout / 4, gone_after / 4)

    async def run(self) -> None:
        """Do what is to be done, for ever. While the log is out of reach nothing is."""
        swept = False
        while True:
            swept = swept or await self._done(self._unused.sweep)
            await self._done(self._gone.look)
            await self._done(self._late.look)
            await asyncio.sleep(self._every.total_seconds())

    @staticmethod
    async def _done(what: Callable[[], Awaitable[None]]) -> bool:
        """Do something; return whether the log let us."""
        try:
            await what()
        except Unavailable as error:
            _log.debug("there is something to see to later", reason=str(error))
            return False
        return True
