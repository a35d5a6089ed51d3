"""Keeps a catalog equal to the log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Literal

import structlog

from hedgerow.errors import Unavailable
from services.common.catalog import Catalog
from services.common.log.connection import BLOCKING
from services.common.log.entries import Entry, SnapshotItem
from services.common.log.following import Mark
from services.common.log.models import ModelLog
from services.common.log.numbers import OwedNumbers

_log = structlog.get_logger()

_PATIENCE = timedelta(seconds=1.5)

_LARGE = 2**18
"""Bytes of a snapshot that is folded beside the event loop, which may have records to see to."""

_TOLD = 10
"""Names of what was lost that are told."""


class Mirror:
    """The catalog of some data types, or of all, as the log has it.

    `catalog` is one object for good, empty until `caught_up` is set. It outlives an outage of the log; if
    the log has lost entries, it becomes what is left in one step, once all of that has been read. With
    `keep_lost` versions that are gone stay in it, and so do plans: who emptied the log did not mean to stop
    what serves. The numbers they have are written to the log, so that nobody gives them again.
    """

    def __init__(
        self,
        log: ModelLog,
        data_types: Collection[str] | Literal["*"] = "*",
        keep_lost: bool = False,
    ) -> None:
        self.catalog = Catalog()
        self.caught_up = asyncio.Event()
        self._follower = log.follow(data_types)
        self._keep_lost = keep_lost
        self._reading: Catalog | None = None
        self._parts: set[str] | None = None
        """The data types that are read anew; None: all."""
        self._has_lost = False
        self.has_read = asyncio.Event()
        """Set once the log has been read, which may be long after `caught_up`: see `go_on`."""
        self._owed = OwedNumbers(log, self)
        self._listeners: list[Callable[[Collection[str] | None], None]] = []
        self._moved = asyncio.Event()

    @property
    def problem(self) -> str:
        """What is wrong with the log. Empty: nothing."""
        if self._follower.problem or not self._has_lost:
            return self._follower.problem
        problem = _problem(self.catalog)
        self._has_lost = bool(problem)
        return problem

    def listen(self, callback: Callable[[Collection[str] | None], None]) -> None:
        """Have `callback` called after each change of the catalog, from the moment it has caught up.

        With the data types of which something has changed; None: any may have.
        """
        self._listeners.append(callback)

    async def run(self) -> None:
        """Follow the log, for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(), name="follow the log")
            group.create_task(self._owed.run(), name="tell the log which numbers were used")

    async def _follow(self) -> None:
        async for item in self._follower:
            if item is Mark.BEGIN:
                self._reading, self._parts = Catalog(), None
            elif item is Mark.END:
                self._caught_up()
            elif isinstance(item, SnapshotItem):
                await self._load(item)
            elif isinstance(item, Entry):
                self._take(item)

    def begin_with(self, remembered: Catalog) -> None:
        """Know what was known before the log is read. It counts where the log has lost it."""
        self.catalog.become(remembered)

    def go_on(self) -> None:
        """Have what is known count for now: the log cannot be read, and will be once it can."""
        if not self.caught_up.is_set():
            self.caught_up.set()
            self._changed()

    @property
    def is_alone(self) -> bool:
        """It goes on with what is remembered, and has not read the log yet."""
        return self.caught_up.is_set() and not self.has_read.is_set()

    def accept(self, entry: Entry) -> None:
        """Take an entry that was appended here, without waiting until the log brings it."""
        if self.catalog.apply(*entry):
            self._changed((entry.data_type,))

    async def reach(self, data_type: str, entry_id: str) -> None:
        """Wait until the catalog has an entry. Raises Unavailable if that takes long."""
        await self._until(lambda: self.catalog.has(data_type, entry_id), _PATIENCE)

    async def begin_again(self, beginnings: int) -> None:
        """Wait until the catalog has begun anew once more. Raises Unavailable if that takes long."""
        await self._until(lambda: self.catalog.beginnings > beginnings, BLOCKING)

    async def _until(self, condition: Callable[[], bool], patience: timedelta) -> None:
        try:
            async with asyncio.timeout(patience.total_seconds()):
                while not condition():
                    await self._moved.wait()
        except TimeoutError as error:
            raise Unavailable("the log cannot be read at the moment; try again") from error

    async def _load(self, item: SnapshotItem) -> None:
        if self._reading is None:
            self._reading, self._parts = Catalog(), set()
        if self._parts is not None:
            self._parts.add(item.data_type)
        if item.snapshot.ByteSize() < _LARGE:
            self._reading.load(*item)
        else:
            await asyncio.to_thread(self._reading.load, *item)

    def _take(self, entry: Entry) -> None:
        if self._reading is not None and (self._parts is None or entry.data_type in self._parts):
            self._reading.apply(*entry)
        elif self.catalog.apply(*entry):
            self._owed.heard(entry)
            self._changed((entry.data_type,))

    def _caught_up(self) -> None:
        if self._reading is not None:
            reading, parts = self._reading, self._parts
            self._reading = self._parts = None
            if self._keep_lost:
                self._keep(reading, parts)
            if parts is None:
                self.catalog.become(reading)
            else:
                self.catalog.take(reading, parts)
        self.has_read.set()
        self.caught_up.set()
        self._changed()

    def _keep(self, reading: Catalog, parts: Collection[str] | None) -> None:
        """Take over what the log has not any more, and see to it that the numbers are not given again."""
        self._owed.owe(self.catalog.numbers_beyond(reading, parts))
        reading.inherit(self.catalog, parts)
        if problem := _problem(reading):
            self._has_lost = True
            _log.error(problem)

    def _changed(self, data_types: Collection[str] | None = None) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
        for callback in self._listeners:
            callback(data_types)


def _problem(catalog: Catalog) -> str:
    """Return what is in a catalog and not in the log any more; empty: nothing."""
    if models := catalog.lost():
        return (
            f"the log has lost models ({_some(models)}); they serve on until this service ends. Bring them"
            " back with `hedgerow registry restore`, or push them again"
        )
    if references := catalog.lost_references():
        return (
            f"the log has lost plans or aliases ({_some(references)}); they count until this service ends."
            " Bring them back with `hedgerow registry restore`, or apply and promote them again"
        )
    return ""


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return f"{', '.join(names[:_TOLD])}{more}"
