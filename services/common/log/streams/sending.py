"""Appends records, to the partition of their key."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from itertools import count
from typing import Any

from services.common.log import keys
from services.common.log.connection import BULK, within
from services.common.log.scripts import GROUP, Argument, Script
from services.common.log.streams.partitions import Partition, numbered, partition_for
from services.common.log.streams.splits import Splits

# The lag is unknown if entries were removed by hand: then nobody is held back.
_APPEND = Script(f"""
{GROUP}
local known = redis.call('HGET', KEYS[2], 'count')
if known and tonumber(ARGV[1]) < tonumber(known) then return {{'moved'}} end
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[2]) then
  local waiting = redis.call('XLEN', KEYS[1])
  local group = group_of(KEYS[1], '{keys.ROUTERS}')
  if group then waiting = group['lag'] or 0 end
  if waiting >= tonumber(ARGV[2]) then return {{'full'}} end
end
return {{'done', redis.call('XADD', KEYS[1], '*', unpack(ARGV, 3))}}
""")


class Sent(StrEnum):
    """What came of it."""

    DONE = "done"
    FULL = "full"
    """There are as many entries waiting as may be."""
    MOVED = "moved"
    """There are more partitions by now: choose again."""


class Sending:
    """Appends to the streams of one data type. Methods raise Unavailable."""

    def __init__(self, redis: Any, data_type: str, backlog: int) -> None:
        """`backlog`: entries that may wait in a partition."""
        self._redis = redis
        self._data_type = data_type
        self._backlog = backlog
        self._splits = Splits(redis)
        self._partitions = 0
        self._next = count()

    async def partitions(self) -> int:
        """Return over how many partitions records are spread, as far as is known here."""
        if not self._partitions:
            *_, self._partitions = await self._splits.history(self._data_type)
        return self._partitions

    def choose(self, key: str) -> Partition:
        """Return the partition of a key; with none, one after the other."""
        if key:
            return partition_for(self._data_type, self._partitions, key)
        among = numbered(self._data_type, self._partitions)
        return among[next(self._next) % len(among)]

    async def append(self, partition: Partition, fields: Sequence[Argument]) -> tuple[Sent, str]:
        """Append one entry, of names and values by turns; return its id if it is done.

        If there are more partitions than was known, nothing is done, and they are known by the next call
        of `partitions`.
        """
        names = keys.records(partition.tag), keys.fence(partition.tag)
        async with within(BULK):
            arguments = (self._partitions, self._backlog, *fields)
            said, *entry_id = await _APPEND.run(self._redis, names, arguments)
        sent = Sent(said.decode())
        if sent is Sent.MOVED:
            self._partitions = 0
        return sent, entry_id[0].decode() if entry_id else ""
