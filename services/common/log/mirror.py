"""Keeps a catalog equal to the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Literal

import structlog

from hedgerow.errors import Unavailable
from services.common.catalog import Catalog
from services.common.log.entries import Entry
from services.common.log.follower import Mark
from services.common.log.models import ModelLog

_log = structlog.get_logger()

_PATIENCE = timedelta(seconds=1.5)


class Mirror:
    """The catalog of some data types, or of all, as the log has it.

    `catalog` is one object for good, empty until `caught_up` is set. It outlives an outage of the log; if
    the log has lost entries, it becomes what is left in one step, once all of that has been read. With
    `keep_lost` models that are gone altogether stay in it, and so do plans: who emptied the log did not
    mean to stop what serves.
    """

    def __init__(
        self,
        log: ModelLog,
        data_types: Collection[str] | Literal["*"] = "*",
        keep_lost: bool = False,
    ) -> None:
        self.catalog = Catalog()
        self.caught_up = asyncio.Event()
        self._log = log
        self._data_types = data_types
        self._keep_lost = keep_lost
        self._reading: Catalog | None = None
        self._listeners: list[Callable[[], None]] = []
        self._moved = asyncio.Event()

    def listen(self, callback: Callable[[], None]) -> None:
        """Have `callback` called after each change of the catalog, from the moment it has caught up."""
        self._listeners.append(callback)

    async def run(self) -> None:
        """Follow the log, for ever."""
        async for item in self._log.follow(self._data_types):
            if item is Mark.BEGIN:
                self._reading = Catalog()
            elif item is Mark.END:
                self._caught_up()
            elif isinstance(item, Entry):
                self._take(item)

    def accept(self, entry: Entry) -> None:
        """Take an entry that was appended here, without waiting until the log brings it."""
        if self.catalog.apply(*entry):
            self._changed()

    async def reach(self, data_type: str, entry_id: str) -> None:
        """Wait until the catalog has an entry. Raises Unavailable if that takes long."""
        try:
            async with asyncio.timeout(_PATIENCE.total_seconds()):
                while not self.catalog.has(data_type, entry_id):
                    await self._moved.wait()
        except TimeoutError as error:
            raise Unavailable("the log cannot be read at the moment; try again") from error

    def _take(self, entry: Entry) -> None:
        if self._reading is not None:
            self._reading.apply(*entry)
        elif self.catalog.apply(*entry):
            self._changed()

    def _caught_up(self) -> None:
        if self._reading is not None:
            if self._keep_lost and (lost := self._reading.inherit(self.catalog)):
                _log.error(
                    "the log has lost models; they serve on until this service ends: push them again",
                    models=lost,
                )
            self.catalog.become(self._reading)
            self._reading = None
        self.caught_up.set()
        self._changed()

    def _changed(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
        for callback in self._listeners:
            callback()
