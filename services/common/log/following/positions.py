"""How far a follower has read each stream, and whether the log still has what was read."""

from __future__ import annotations

from itertools import islice
from typing import Any

from services.common.catalog import position
from services.common.log.connection import keys_of
from services.common.log.entries import BEGINNING

_AT_ONCE = 64
"""Streams that are looked at in one call. In quiet times there is one call, of other streams each time."""

# Of each position whether its entry is there, or else how far the snapshot goes.
_FOUND = """
local found = {}
for i, id in ipairs(ARGV) do
  if #redis.call('XRANGE', KEYS[2 * i - 1], id, id) > 0 then
    found[i] = id
  else
    found[i] = redis.call('HGET', KEYS[2 * i], 'id') or ''
  end
end
return found
"""


class Positions:
    """The id of the entry read last of each stream."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._keys = keys_of(redis)
        self.streams = {self._keys.data_types: BEGINNING}
        self._data_types = {self._keys.data_types: ""}
        self._next = 0

    def data_type(self, stream: str) -> str:
        """Return whose stream it is."""
        return self._data_types[stream]

    def follow(self, data_type: str, entry_id: str) -> None:
        """Read the stream of a data type after this entry."""
        stream = self._keys.models(data_type)
        self._data_types[stream] = data_type
        self.streams[stream] = entry_id

    def move(self, stream: str, entry_id: str) -> None:
        """Note that an entry was read."""
        self.streams[stream] = entry_id

    def leave(self, stream: str) -> str:
        """Do not read a stream for now; return its data type."""
        del self.streams[stream]
        return self._data_types.pop(stream)

    async def lost(self, every: bool) -> list[str]:
        """Return the streams of which the entry read last is gone and in no snapshot.

        Of `every` stream that there is, or of the next few.
        """
        read = [(stream, at) for stream, at in self.streams.items() if at != BEGINNING]
        if every:
            parts = [read[at : at + _AT_ONCE] for at in range(0, len(read), _AT_ONCE)]
        else:
            parts = [list(islice(read, self._next, self._next + _AT_ONCE))]
            self._next = 0 if self._next + _AT_ONCE >= len(read) else self._next + _AT_ONCE
        return [stream for part in parts if part for stream in await self._lost_of(part)]

    async def _lost_of(self, read: list[tuple[str, str]]) -> list[str]:
        names = [
            name
            for stream, _ in read
            for name in (stream, self._keys.snapshot(self._data_types[stream]))
        ]
        found = await self._redis.eval(_FOUND, len(names), *names, *(at for _, at in read))
        return [
            stream
            for (stream, at), there in zip(read, found, strict=True)
            if not there or position(there.decode()) < position(at)
        ]
