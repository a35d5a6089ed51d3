"""The stream of ModelEvents of each data type: the only truth about models and plans."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

from hedgerow.errors import Corrupt, HedgerowError
from hedgerow.v1.models_pb2 import ModelEvent
from services.common.log import keys
from services.common.log.connection import BULK, COMMAND, within
from services.common.log.entries import BEGINNING, EVENT_FIELD, Entry
from services.common.log.follower import Follower

# The last id is read off the last entry: XINFO would send that entry too, and the stream's first.
_APPEND = """
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local id = last[1] and last[1][1] or '0-0'
if id ~= ARGV[1] then
  return {0, id}
end
return {1, redis.call('XADD', KEYS[1], '*', 'event', ARGV[2])}
"""


class Conflict(HedgerowError):
    """Somebody else appended first. Never leaves the registry: it looks again and retries."""

    def __init__(self, last_id: str) -> None:
        super().__init__(f"the stream's last entry is {last_id} by now")
        self.last_id = last_id


class ModelLog:
    """Appends events and follows them."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis

    async def append(self, data_type: str, event: ModelEvent, after: str) -> Entry:
        """Append an event, if the last entry is still the one with the id `after` (`0-0`: none yet).

        So whoever allots versions and revisions by what it has folded up to `after` allots each once.
        Raises Conflict if there is a later entry, or if `after` is gone; Unavailable if the log is out
        of reach, in which case the event may have been appended nevertheless.
        """
        async with within(COMMAND):
            if after == BEGINNING:
                await self._announce(data_type)
            appended, entry_id = await self._redis.eval(
                _APPEND, 1, keys.models(data_type), after, event.SerializeToString()
            )
        if not appended:
            raise Conflict(entry_id.decode())
        return Entry(data_type, event, entry_id.decode())

    async def _announce(self, data_type: str) -> None:
        await self._redis.xadd(keys.DATA_TYPES, {"data_type": data_type})

    async def read(self, data_type: str, entry_id: str) -> ModelEvent:
        """Read one event again. Raises Corrupt if it is gone, Unavailable."""
        async with within(BULK):
            found = await self._redis.xrange(keys.models(data_type), entry_id, entry_id)
        if not found:
            raise Corrupt(f"entry {entry_id} of data type {data_type!r} is gone from the log")
        return ModelEvent.FromString(found[0][1][EVENT_FIELD])

    def follow(self, data_types: Collection[str] | Literal["*"]) -> Follower:
        """Follow the events of some data types, or of all that there are and will be."""
        return Follower(self._redis, data_types)
