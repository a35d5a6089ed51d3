"""Reads the events of many data types, from a snapshot or the first one on, for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from enum import Enum, auto
from typing import Any, Literal

import structlog
from google.protobuf.message import DecodeError

from hedgerow.errors import Unavailable
from hedgerow.v1.events_pb2 import ModelEvent, Snapshot
from services.common.log.connection import BLOCK, BLOCKING, keys_of, within
from services.common.log.entries import BEGINNING, EVENT_FIELD, PREVIOUS_FIELD, Entry, SnapshotItem
from services.common.log.following.positions import Positions
from services.common.log.mesh import Era, Mesh
from services.common.log.snapshots import Snapshots

_log = structlog.get_logger()

_FIRST, _MOST = 256, 4096
"""Entries of all streams that are read at once in the beginning, and of each at the most. Few, for they had
up to 1 MiB of a definition in them once; twice as many after each reading that was small."""
_SMALL, _LARGE = 2**20, 2**23
"""Bytes of a reading."""

_SNAPSHOTS = 32
"""Snapshots read at once."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
"""Seconds between two tries while the log is out of reach; doubled from one to the other."""


class Mark(Enum):
    """What a follower says between entries."""

    BEGIN = auto()
    """All data types follow from their snapshot or first entry on: at the start, and again when the log was
    emptied or replaced. What was folded so far is void."""

    END = auto()
    """Everything that was in the log has been handed out since the last BEGIN, or since a data type began
    anew."""


Item = Entry | SnapshotItem | Mark


class Follower:
    """Iterate over it: `BEGIN`, snapshots and entries, `END`, and then entries as they come.

    Each entry comes once and in the order of its stream. A snapshot stands for all entries of its data type
    up to its last one. After the first `END` a snapshot says that this data type begins anew, because
    entries of it that were not read are gone (they were trimmed meanwhile, or a crash of Redis cost its
    last second): what was folded of it is void once the next `END` comes. A log that is out of reach is
    waited for, as is one of another mesh. Only one iteration at a time; it ends only when its task is
    cancelled.
    """

    def __init__(
        self,
        redis: Any,
        mesh: Mesh,
        snapshots: Snapshots,
        data_types: Collection[str] | Literal["*"],
    ) -> None:
        self.problem = ""
        """Why nothing can be read at the moment. Empty: it can."""
        self._redis = redis
        self._keys = keys_of(redis)
        self._mesh = mesh
        self._snapshots = snapshots
        self._chosen = None if data_types == "*" else tuple(data_types)
        self._pause = _FIRST_PAUSE
        self._begin()

    def _begin(self) -> None:
        self._at = Positions(self._redis)
        self._names_unread = self._chosen is None
        self._unread = list(self._chosen or ())
        self._anew: set[str] = set()
        self._gaps: dict[str, str] = {}
        self._era: Era | None = None
        self._count = _FIRST
        self._behind = True
        self._look_at = "mesh"

    async def __aiter__(self) -> AsyncIterator[Item]:
        self._begin()
        yield Mark.BEGIN
        while True:
            for item in await self._next():
                yield item

    async def _next(self) -> list[Item]:
        try:
            async with within(BLOCKING):
                items = await self._read()
        except Unavailable as error:
            await self._wait(error)
            return []
        self._reached()
        return items

    async def _read(self) -> list[Item]:
        if self._look_at and await self._has_begun_anew():
            return [Mark.BEGIN]
        if self._names_unread:
            return await self._read_names()
        if self._unread:
            return await self._read_snapshots()
        block = None if self._behind else _milliseconds(BLOCK)
        found = await self._redis.xread(self._at.streams, count=self._count, block=block)
        return self._take(found) if found else self._nothing_new()

    # -- is it still the log that was read? --------------------------------------------------------

    async def _has_begun_anew(self) -> bool:
        """See whether it is the log of before and has what was read last; begin with it anew if not."""
        era = await self._mesh.look()
        before, self._era = self._era, era
        if before is not None and before.mesh and era != before:
            self._begin()
            self._era = era
            return True
        lost = await self._at.lost(every=self._look_at == "all")
        self._look_at = ""
        if self._keys.data_types in lost or (lost and not era.mesh):
            _log.error("the log has lost entries and is read from the beginning")
            self._begin()
            return True
        for stream in lost:
            _log.error("the log has lost entries of a data type", stream=stream)
            self._begin_anew(stream)
        return False

    def _begin_anew(self, stream: str) -> None:
        """Have a data type begin with its snapshot."""
        data_type = self._at.leave(stream)
        self._unread.append(data_type)
        self._anew.add(data_type)
        self._behind = True

    # -- reading -----------------------------------------------------------------------------------

    async def _read_names(self) -> list[Item]:
        """Read which data types there are before any of them: one by one, each costs a reading of all."""
        at = {self._keys.data_types: self._at.streams[self._keys.data_types]}
        found = await self._redis.xread(at, count=_MOST)
        self._names_unread = bool(found)
        return self._take(found)

    async def _read_snapshots(self) -> list[Item]:
        names = self._unread[:_SNAPSHOTS]
        items: list[Item] = []
        for name, found in zip(names, await self._snapshots.read(names), strict=True):
            if found is not None or name in self._anew:
                snapshot = found or Snapshot(last_id=BEGINNING)
                items.append(SnapshotItem(name, snapshot))
            self._at.follow(name, found.last_id if found else BEGINNING)
        self._unread = self._unread[len(names) :]
        self._anew.difference_update(names)
        self._count = max(1, _FIRST // len(self._at.streams))
        return items

    def _nothing_new(self) -> list[Item]:
        if self._behind:
            self._behind = False
            return [Mark.END]
        self._look_at = "mesh"  # quiet: time to see whether somebody emptied the log under our feet
        return []

    def _take(self, found: list[Any]) -> list[Item]:
        items: list[Item] = []
        size = 0
        for key, entries in found:
            stream = key.decode()
            if stream == self._keys.data_types:
                self._join(entries)
                continue
            for entry_id, fields in entries:
                size += len(fields.get(EVENT_FIELD, b""))
                if self._is_gap(stream, fields):
                    self._begin_anew(stream)
                    break
                if (entry := self._entry(stream, entry_id.decode(), fields)) is not None:
                    items.append(entry)
                self._at.move(stream, entry_id.decode())
        self._adapt(size)
        return items

    def _adapt(self, size: int) -> None:
        if size < _SMALL:
            self._count = min(self._count * 2, _MOST)
        elif size > _LARGE:
            self._count = max(self._count // 2, 1)

    def _join(self, entries: list[Any]) -> None:
        for entry_id, fields in entries:
            self._at.move(self._keys.data_types, entry_id.decode())
            if b"data_type" not in fields:
                self._look_at = "all"  # somebody named the mesh
                continue
            data_type = fields[b"data_type"].decode()
            is_new = self._keys.models(data_type) not in self._at.streams
            if self._chosen is None and is_new and data_type not in self._unread:
                self._unread.append(data_type)

    def _is_gap(self, stream: str, fields: dict[bytes, bytes]) -> bool:
        """Tell whether entries before this one have not been read that may be in a snapshot."""
        position = self._at.streams[stream]
        previous = fields.get(PREVIOUS_FIELD)
        if previous is None or previous.decode() == position:
            return False
        if (
            self._gaps.get(stream) == position
        ):  # it is in the snapshot, too: nobody has them any more
            _log.error("entries are missing in the log", stream=stream, after=position)
            return False
        self._gaps[stream] = position
        return True

    def _entry(self, stream: str, entry_id: str, fields: dict[bytes, bytes]) -> Entry | None:
        try:
            event = ModelEvent.FromString(fields[EVENT_FIELD])
        except (DecodeError, KeyError):
            # Whoever wrote this is not one of us; stopping here would stop every service for good.
            _log.error(
                "an entry of the log makes no sense and is skipped", stream=stream, id=entry_id
            )
            return None
        return Entry(self._at.data_type(stream), event, entry_id)

    # -- outages -----------------------------------------------------------------------------------

    async def _wait(self, error: Unavailable) -> None:
        if self.problem != str(error):
            self.problem = str(error)
            _log.warning("the log cannot be read", reason=self.problem)
        self._look_at = "all"
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def _reached(self) -> None:
        if self.problem:
            _log.info("the log is back")
        self.problem = ""
        self._pause = _FIRST_PAUSE


def _milliseconds(duration: Any) -> int:
    return int(duration.total_seconds() * 1000)
