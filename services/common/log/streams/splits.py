"""How many partitions a data type has, and how they become more while records flow.

Raised from m to n, a multiple of m, the records of partition p go on to p, p + m, p + 2m and so on; from
one, those of the stream without a number to all. Two things keep the order of each key:

- Whoever appends says of how many partitions it knows. Each parent is *fenced*: it takes nothing from those
  who know of fewer. Then the new number is told.
- A new partition is *closed* until its parents have been settled up to where they were fenced.

Each step may be done again, by anybody, so whoever does it may die at any point. Producers who append by
XADD are not held by the fence; they read the number from `hedgerow:{wine}:stream`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from services.common.log import keys
from services.common.log.connection import COMMAND, within
from services.common.log.scripts import BEFORE, GROUP, Script
from services.common.log.streams.partitions import Partition, numbered

# A fence stays where it was set first.
_FENCE = Script("""
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then
  local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
  redis.call('HSET', KEYS[2], ARGV[1], last[1] and last[1][1] or '0-0')
end
local count = redis.call('HGET', KEYS[2], 'count')
if not count or tonumber(count) < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[2], 'count', ARGV[1])
end
""")

# Numbers only grow: of two who raise it the later one may be the slower.
_TELL = Script("""
local known = redis.call('HGET', KEYS[1], 'history') or '1'
local last = tonumber(string.match(known, '(%d+)$'))
if last < tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'partitions', ARGV[1], 'history', known .. ',' .. ARGV[1])
end
""")

_IS_SETTLED = Script(f"""
{BEFORE}
{GROUP}
local fence = redis.call('HGET', KEYS[2], ARGV[1])
if not fence then return 0 end
if fence == '0-0' or redis.call('EXISTS', KEYS[1]) == 0 then return 1 end
local group = group_of(KEYS[1], '{keys.ROUTERS}')
if not group or before(group['last-delivered-id'], fence) then return 0 end
return #redis.call('XPENDING', KEYS[1], '{keys.ROUTERS}', '-', fence, 1) == 0 and 1 or 0
""")


class Splits:
    """Of all data types. Methods raise Unavailable."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis

    async def history(self, data_type: str) -> tuple[int, ...]:
        """Return how many partitions there were, from the first number to the one now: (1,), (1, 2, 8)."""
        async with within(COMMAND):
            found = await self._redis.hget(keys.stream(data_type), "history")
        return tuple(int(number) for number in found.split(b",")) if found else (1,)

    async def raise_to(self, data_type: str, count: int) -> None:
        """Have there be so many partitions, a multiple of what there are; nothing if there are as many."""
        *_, now = await self.history(data_type)
        if now >= count:
            return
        for parent in numbered(data_type, now):
            async with within(COMMAND):
                names = keys.records(parent.tag), keys.fence(parent.tag)
                await _FENCE.run(self._redis, names, (count,))
        async with within(COMMAND):
            await _TELL.run(self._redis, (keys.stream(data_type),), (count,))

    async def is_open(self, partition: Partition) -> bool:
        """Tell whether a partition may be read: all that came before what is in it has been settled."""
        history = await self.history(partition.data_type)
        if partition.number is not None and partition.number >= (
            history[-1] if history[-1] > 1 else 0
        ):
            return False
        for parent, count in _parents(partition, history):
            async with within(COMMAND):
                names = keys.records(parent.tag), keys.fence(parent.tag)
                if not await _IS_SETTLED.run(self._redis, names, (count,)):
                    return False
        return True


def _parents(partition: Partition, history: tuple[int, ...]) -> list[tuple[Partition, int]]:
    """Return what a partition's records came to before, each with the number that it was raised to then."""
    number, found = partition.number, []
    for before, after in reversed(list(pairwise(history))):
        if number is None or 1 < before > number:
            continue
        number = number % before if before > 1 else None
        found.append((Partition(partition.data_type, number), after))
    return found
