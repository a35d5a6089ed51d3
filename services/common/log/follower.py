"""Reads the events of many data types from the first one on, for ever."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from enum import Enum, auto
from typing import Any, Literal

import structlog
from google.protobuf.message import DecodeError

from hedgerow.errors import Unavailable
from hedgerow.v1.models_pb2 import ModelEvent
from services.common.log import keys
from services.common.log.connection import BLOCK, BLOCKING, within
from services.common.log.entries import BEGINNING, EVENT_FIELD, Entry

_log = structlog.get_logger()

_COUNT = 16
"""Entries of a stream read at once: with definitions of up to 1 MiB inline, 16 MiB."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
"""Seconds between two tries while the log is out of reach; doubled from one to the other."""

_HAS = "return #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])"


class Mark(Enum):
    """What a follower says between entries."""

    BEGIN = auto()
    """All entries follow from the first one on: at the start, and again when the log has lost entries
    that had been read (a crash of Redis may cost its last second). What was folded so far is void."""

    END = auto()
    """Everything that was in the log has been handed out since the last BEGIN."""


class Follower:
    """Iterate over it: `BEGIN`, entries, `END`, and then entries as they come.

    Each entry comes once and in the order of its stream. A log that is out of reach is waited for. Only
    one iteration at a time; it ends only when its task is cancelled.
    """

    def __init__(self, redis: Any, data_types: Collection[str] | Literal["*"]) -> None:
        self._redis = redis
        self._all = data_types == "*"
        self._chosen = () if self._all else tuple(data_types)
        self._pause = _FIRST_PAUSE
        self._begin()

    def _begin(self) -> None:
        self._data_types = {keys.models(data_type): data_type for data_type in self._chosen}
        streams = [keys.DATA_TYPES] if self._all else list(self._data_types)
        self._positions = dict.fromkeys(streams, BEGINNING)
        self._behind = True
        self._in_doubt = False

    async def __aiter__(self) -> AsyncIterator[Entry | Mark]:
        self._begin()
        yield Mark.BEGIN
        while True:
            for item in await self._next():
                yield item

    async def _next(self) -> list[Entry | Mark]:
        try:
            async with within(BLOCKING):
                items = await self._read()
        except Unavailable as error:
            await self._wait(error)
            return []
        self._reached()
        return items

    async def _read(self) -> list[Entry | Mark]:
        if self._in_doubt and not await self._intact():
            _log.error("the log has lost entries and is read from the beginning")
            self._begin()
            return [Mark.BEGIN]
        self._in_doubt = False
        found = await self._redis.xread(
            self._positions, count=_COUNT, block=None if self._behind else _milliseconds(BLOCK)
        )
        return self._take(found) if found else self._nothing_new()

    async def _intact(self) -> bool:
        """Tell whether every entry that was read last is still there."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            read = [(key, at) for key, at in self._positions.items() if at != BEGINNING]
            for key, at in read:
                pipeline.eval(_HAS, 1, key, at)
            return all(await pipeline.execute()) if read else True

    def _nothing_new(self) -> list[Entry | Mark]:
        if self._behind:
            self._behind = False
            return [Mark.END]
        self._in_doubt = True  # quiet: time to see whether somebody emptied the log under our feet
        return []

    def _take(self, found: list[Any]) -> list[Entry | Mark]:
        items: list[Entry | Mark] = []
        for key, entries in found:
            stream = key.decode()
            for entry_id, fields in entries:
                if stream == keys.DATA_TYPES:
                    self._join(fields[b"data_type"].decode())
                elif (entry := self._entry(stream, entry_id.decode(), fields)) is not None:
                    items.append(entry)
                self._positions[stream] = entry_id.decode()
        return items

    def _join(self, data_type: str) -> None:
        stream = keys.models(data_type)
        self._data_types[stream] = data_type
        self._positions.setdefault(stream, BEGINNING)

    def _entry(self, stream: str, entry_id: str, fields: dict[bytes, bytes]) -> Entry | None:
        try:
            event = ModelEvent.FromString(fields[EVENT_FIELD])
        except (DecodeError, KeyError):
            # Whoever wrote this is not one of us; stopping here would stop every service for good.
            _log.error(
                "an entry of the log makes no sense and is skipped", stream=stream, id=entry_id
            )
            return None
        return Entry(self._data_types[stream], event, entry_id)

    async def _wait(self, error: Unavailable) -> None:
        if self._pause == _FIRST_PAUSE:
            _log.warning("the log is out of reach", reason=str(error))
        self._in_doubt = True
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def _reached(self) -> None:
        if self._pause != _FIRST_PAUSE:
            _log.info("the log is back")
        self._pause = _FIRST_PAUSE


def _milliseconds(duration: Any) -> int:
    return int(duration.total_seconds() * 1000)
