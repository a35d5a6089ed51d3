"""Tells a log that was emptied which numbers are not to be given again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

import structlog

from hedgerow.errors import Unavailable
from hedgerow.v1.events_pb2 import ModelEvent, NumbersUsed
from services.common.catalog import Catalog, position
from services.common.log.entries import Entry
from services.common.log.models import Conflict, ModelLog

_log = structlog.get_logger()

_PAUSE_SECONDS = 1.0


class _Known(Protocol):
    """What is known of the log."""

    catalog: Catalog

    def accept(self, entry: Entry) -> None: ...

    async def reach(self, data_type: str, entry_id: str) -> None: ...


class OwedNumbers:
    """Numbers that are remembered here and that the log did not know when it was read.

    All who remember them try at once. Each appends after the entry it has seen last, so one of them does,
    and the others find them told.
    """

    def __init__(self, log: ModelLog, known: _Known) -> None:
        self._log = log
        self._known = known
        self._owed: dict[str, NumbersUsed] = {}
        self._some = asyncio.Event()

    def owe(self, numbers: Mapping[str, NumbersUsed]) -> None:
        """Have these told, in place of what was owed of the same data types."""
        self._owed.update(numbers)
        self._some.set()

    def heard(self, entry: Entry) -> None:
        """See whether an entry tells what is owed."""
        owed = self._owed.get(entry.data_type)
        if owed is None or entry.event.WhichOneof("kind") != "numbers_used":
            return
        told = entry.event.numbers_used
        for name in [
            name for name in owed.versions if told.versions.get(name, 0) >= owed.versions[name]
        ]:
            del owed.versions[name]
        if told.revision >= owed.revision:
            owed.revision = 0
        if not owed.versions and not owed.revision:
            del self._owed[entry.data_type]

    async def run(self) -> None:
        """Tell what is owed, for ever. A log that is out of reach or full is tried again, quietly."""
        while True:
            await self._some.wait()
            self._some.clear()
            while self._owed:
                try:
                    await self._tell(next(iter(self._owed)))
                except Unavailable as error:
                    _log.info(
                        "the log could not be told which numbers were used", reason=str(error)
                    )
                    await asyncio.sleep(_PAUSE_SECONDS)

    async def _tell(self, data_type: str) -> None:
        owed, seen = self._owed[data_type], self._known.catalog.last_id(data_type)
        event = ModelEvent(numbers_used=owed)
        event.at.GetCurrentTime()
        try:
            entry = await self._log.append(data_type, event, after=seen)
        except Conflict as conflict:
            if position(conflict.last_id) < position(seen):
                raise Unavailable("the log was emptied again") from conflict
            await self._known.reach(data_type, conflict.last_id)
            return
        if self._owed.get(data_type) is owed:
            del self._owed[data_type]
        self._known.accept(entry)
