"""What a router has of a partition: entries that were read and are not settled, and the lease, if any.

Both are renewed for as long as they are here. Entries that are not renewed are taken over by others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from datetime import timedelta

import structlog

from hedgerow.errors import Unavailable
from services.common.log.streams import SHARED, Holding, LeaseLost
from services.router.streams.records.arrivals import Arrival

_log = structlog.get_logger()

_RENEWALS = 4
"""In the time after which others take over."""


class Custody:
    """Of one partition. `redelivery`: the time after which others take over what is not renewed."""

    def __init__(self, holding: Holding, consumer: str, redelivery: timedelta) -> None:
        self._holding = holding
        self._consumer = consumer
        self._redelivery = redelivery
        self._entries: dict[str, Arrival] = {}
        self._has_any = asyncio.Event()
        self._leases = 0
        self._asked = SHARED
        self.token = SHARED
        """Of the lease; SHARED: there is none."""

    def __contains__(self, entry_id: str) -> bool:
        return entry_id in self._entries

    def add(self, arrivals: Iterable[Arrival]) -> None:
        """These were read."""
        self._entries.update({arrival.entry.id: arrival for arrival in arrivals})
        self._has_any.set()

    def clear(self) -> None:
        """Nothing is here any more: others have it, or take it over."""
        self._entries.clear()

    def remove(self, arrivals: Iterable[Arrival]) -> None:
        """These are settled."""
        for arrival in arrivals:
            self._entries.pop(arrival.entry.id, None)

    async def acquire(self) -> bool:
        """Take the lease if nobody else has it; nothing is here then. Raises Unavailable.

        Each time under another token, so that what was sent under the one before comes to nothing.
        """
        self._leases += 1
        before, self._asked = self._asked, f"{self._consumer}#{self._leases}"
        if not await self._holding.lease.acquire(self._asked, self._redelivery, before):
            return False
        self.token = self._asked
        self._has_any.set()
        return True

    async def tried(self, arrivals: Collection[Arrival]) -> None:
        """Note how often these were tried, for those who may take them over. Raises Unavailable."""
        await self._holding.keep(
            {a.entry.id: a.tries for a in arrivals}, self.token, self._redelivery
        )

    async def renew(self) -> None:
        """Renew all that is here, for ever. Raises LeaseLost."""
        while True:
            await self._has_any.wait()
            await asyncio.sleep(self._redelivery.total_seconds() / _RENEWALS)
            if not self._entries and self.token == SHARED:
                self._has_any.clear()  # of a thousand streams most have nothing: none of them wakes
                continue
            try:
                entries = dict.fromkeys(self._entries)
                kept = await self._holding.keep(entries, self.token, self._redelivery)
            except Unavailable as error:
                _log.debug("records could not be renewed", reason=str(error))
            else:
                if not kept:
                    raise LeaseLost("another router reads this partition by now")

    async def give_back(self) -> None:
        """Leave what is here to others, at once. Raises Unavailable; then they wait a little."""
        if self._entries:
            await self._holding.give_back(self._entries.keys(), self.token)
            self._entries.clear()
        if self._asked != SHARED:
            await self._holding.lease.release(self._asked)
            self.token = self._asked = SHARED
        await self._holding.leave()
