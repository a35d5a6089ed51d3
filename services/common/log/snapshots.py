"""Snapshots: what a data type's entries came to, so that a start need not read all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import structlog
from google.protobuf.message import DecodeError

from hedgerow.v1.events_pb2 import Snapshot
from services.common.log.connection import BULK, executed, keys_of, within

_log = structlog.get_logger()

# Of entry ids the one with the lower time, then the lower number, is the earlier.
_BEFORE = """
local function before(one, other)
  local a, b = string.match(one, '(%d+)-(%d+)')
  local c, d = string.match(other, '(%d+)-(%d+)')
  return tonumber(a) < tonumber(c) or (a == c and tonumber(b) < tonumber(d))
end
"""
# The entry must be there: what was folded from a log that was emptied meanwhile is not what is in it now.
_WRITE = f"""
{_BEFORE}
local there = redis.call('HGET', KEYS[1], 'id')
if there and not before(there, ARGV[1]) then return 0 end
if #redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'snapshot', ARGV[2])
return 1
"""
# By the snapshot that is there, whoever wrote it. Its last entry stays, which the next one refers to.
_TRIM = """
local id = redis.call('HGET', KEYS[1], 'id')
if not id then return 0 end
return redis.call('XTRIM', KEYS[2], 'MINID', '=', id)
"""


class Snapshots:
    """Reads and writes them."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._keys = keys_of(redis)

    async def read(self, data_types: Sequence[str]) -> list[Snapshot | None]:
        """Return the snapshots of data types, None for those that have none. Raises Unavailable."""
        async with within(BULK), self._redis.pipeline(transaction=False) as pipeline:
            for data_type in data_types:
                pipeline.hget(self._keys.snapshot(data_type), "snapshot")
            found = await executed(pipeline)
        return [_parsed(name, data) for name, data in zip(data_types, found, strict=True)]

    async def write(self, data_type: str, snapshot: Snapshot) -> bool:
        """Put a snapshot in place of an earlier one; False if the one that is there is as late.

        And False if its last entry is gone, because the log was emptied. Raises Unavailable.
        """
        data = snapshot.SerializeToString()
        async with within(BULK):
            written = await self._redis.eval(
                _WRITE,
                2,
                self._keys.snapshot(data_type),
                self._keys.models(data_type),
                snapshot.last_id,
                data,
            )
        return bool(written)

    async def trim(self, data_type: str) -> int:
        """Remove the entries before the last one of the snapshot; return how many. Raises Unavailable."""
        async with within(BULK):
            removed: int = await self._redis.eval(
                _TRIM, 2, self._keys.snapshot(data_type), self._keys.models(data_type)
            )
        return removed

    async def lengths(self, data_types: Iterable[str]) -> list[int]:
        """Return how many entries the streams of data types have. Raises Unavailable."""
        async with within(BULK), self._redis.pipeline(transaction=False) as pipeline:
            for data_type in data_types:
                pipeline.xlen(self._keys.models(data_type))
            lengths: list[int] = await executed(pipeline)
        return lengths


def _parsed(data_type: str, data: bytes | None) -> Snapshot | None:
    try:
        return None if data is None else Snapshot.FromString(data)
    except DecodeError:
        # Stopping here would stop every service for good.
        _log.error("a snapshot of the log makes no sense and is skipped", data_type=data_type)
        return None
