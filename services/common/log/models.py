"""The stream of ModelEvents of each data type: the only truth about models and plans."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any, Literal, NamedTuple

import structlog
from google.protobuf.message import DecodeError

from hedgerow.errors import Corrupt, HedgerowError, Unavailable
from hedgerow.v1.events_pb2 import ModelEvent
from services.common.catalog import position
from services.common.log.connection import BULK, COMMAND, executed, keys_of, within
from services.common.log.entries import BEGINNING, EVENT_FIELD, Entry
from services.common.log.following import Follower
from services.common.log.mesh import Mesh
from services.common.log.snapshots import Snapshots

_log = structlog.get_logger()

# The last id is read off the last entry: XINFO would send that entry too, and the stream's first.
_APPEND = """
if ARGV[1] ~= '' then
  local id, at = unpack(redis.call('HMGET', KEYS[2], 'id', 'at'))
  if id ~= ARGV[1] or at ~= ARGV[2] then
    return {-1, ''}
  end
end
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local id = last[1] and last[1][1] or '0-0'
if ARGV[3] ~= '' and id ~= ARGV[3] then
  return {0, id}
end
return {1, redis.call('XADD', KEYS[1], '*', 'event', ARGV[4], 'prev', id)}
"""

_LAST = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
return last[1] and last[1][1] or false
"""


_COUNT = 16
"""Entries read at once: with definitions of up to 1 MiB inline, as they were written once, 16 MiB."""

_AT_ONCE = 8
"""Reads that go on at a time, each with a connection: hundreds may want one entry in the same moment."""

# Once a stream has a snapshot, entries before its first one are gone.
_READ = f"""
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
return {{
  first and first[1] or '',
  redis.call('EXISTS', KEYS[2]),
  redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', {_COUNT}),
}}
"""


class Conflict(HedgerowError):
    """Somebody else appended first. Never leaves the registry: it looks again and retries."""

    def __init__(self, last_id: str) -> None:
        super().__init__(f"the stream's last entry is {last_id} by now")
        self.last_id = last_id


class ModelLog:
    """Appends events and follows them."""

    def __init__(self, redis: Any, mesh: Mesh) -> None:
        self._redis = redis
        self._keys = keys_of(redis)
        self.mesh = mesh
        """Whose log it is."""

    async def append(self, data_type: str, event: ModelEvent, after: str) -> Entry:
        """Append an event, if the last entry is still the one with the id `after` (`0-0`: none yet).

        So whoever allots versions and revisions by what it has folded up to `after` allots each once.
        Raises Conflict if there is a later entry, or if `after` is gone; Unavailable if the log was emptied
        or replaced since it was read, or is out of reach, in which case the event may have been appended
        nevertheless.
        """
        if after == BEGINNING:
            await self._announce(data_type)
        return await self._append(data_type, event, after)

    async def report(self, data_type: str, event: ModelEvent) -> Entry:
        """Append an event that is true whatever was appended before it. Raises Unavailable, as `append`."""
        async with within(COMMAND):
            is_known = await self._redis.exists(self._keys.models(data_type))
        if not is_known:
            await self._announce(data_type)
        return await self._append(data_type, event, "")

    async def _append(self, data_type: str, event: ModelEvent, after: str) -> Entry:
        stream, (mesh, at) = self._keys.models(data_type), self.mesh.era
        async with within(COMMAND):
            appended, entry_id = await self._redis.eval(
                _APPEND, 2, stream, self._keys.mesh, mesh, at, after, event.SerializeToString()
            )
        if appended < 0:
            raise Unavailable(
                "the log was emptied or replaced and is being read again; try again in a moment"
            )
        if not appended:
            raise Conflict(entry_id.decode())
        return Entry(data_type, event, entry_id.decode())

    async def ends(self) -> dict[str, str]:
        """Return the id of the last entry of each data type that has any. Raises Unavailable."""
        async with within(BULK):
            announced = await self._redis.xrange(self._keys.data_types)
            named = (fields.get(b"data_type") for _, fields in announced)  # others name the mesh
            names = sorted({name.decode() for name in named if name})
            async with self._redis.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.eval(_LAST, 1, self._keys.models(name))
                found = await executed(pipeline)
        return {name: last.decode() for name, last in zip(names, found, strict=True) if last}

    async def _announce(self, data_type: str) -> None:
        async with within(COMMAND):
            await self._redis.xadd(self._keys.data_types, {"data_type": data_type})

    async def read(self, data_type: str, entry_id: str) -> ModelEvent:
        """Read one event again. Raises Corrupt if it is gone, Unavailable."""
        async with within(BULK):
            found = await self._redis.xrange(self._keys.models(data_type), entry_id, entry_id)
        if not found:
            raise Corrupt(f"entry {entry_id} of data type {data_type!r} is gone from the log")
        return ModelEvent.FromString(found[0][1][EVENT_FIELD])

    def follow(self, data_types: Collection[str] | Literal["*"]) -> Follower:
        """Follow the events of some data types, or of all that there are and will be."""
        return Follower(self._redis, self.mesh, Snapshots(self._redis), data_types)


class Page(NamedTuple):
    """Entries that follow a point."""

    entries: list[Entry]
    """Some, in order. None: there is nothing more for now."""
    last_id: str
    """Of the last of them that was read, whether it makes sense or not; else the point itself."""
    is_cut_off: bool
    """Entries between the point and these are gone: a snapshot stands in their place."""


class History:
    """Reads entries from any point on, for those who fold nothing."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._keys = keys_of(redis)
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def after(self, data_type: str, entry_id: str) -> Page:
        """Return the entries that follow one, or a point in time. Raises Unavailable."""
        names = self._keys.models(data_type), self._keys.snapshot(data_type)
        async with self._turns, within(BULK):
            first, trimmed, found = await self._redis.eval(_READ, 2, *names, entry_id)
        cut_off = bool(trimmed and first) and position(entry_id) < position(first.decode())
        entries = [self._entry(data_type, where.decode(), fields) for where, fields in found]
        last_id = found[-1][0].decode() if found else entry_id
        return Page([entry for entry in entries if entry is not None], last_id, cut_off)

    async def has_data_types(self) -> bool:
        """Tell whether there are entries of any data type. Raises Unavailable."""
        async with within(BULK):
            found = await self._redis.xrange(self._keys.data_types)
        return any(b"data_type" in fields for _, fields in found)

    def _entry(self, data_type: str, entry_id: str, fields: list[bytes]) -> Entry | None:
        try:
            values = dict(zip(fields[::2], fields[1::2], strict=True))
            return Entry(data_type, ModelEvent.FromString(values[EVENT_FIELD]), entry_id)
        except (DecodeError, KeyError):
            _log.warning("an entry of the log makes no sense", data_type=data_type, id=entry_id)
            return None
