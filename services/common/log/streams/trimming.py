"""Removes what need not stay: settled records, and scores, by age and by number.

Acknowledged entries stay in a stream until it is trimmed. The floor is the oldest entry that somebody still
needs: of records the oldest that is pending or was not read, of scores the same of each consumer group.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from services.common.log import keys
from services.common.log.connection import BULK, within
from services.common.log.scripts import BEFORE, Script
from services.common.log.streams.partitions import Partition

_AT_ONCE = 10_000
"""Entries that one step removes at the most; some milliseconds in which nobody else is served."""

_GAP = 1000
"""Entries between the oldest that is pending and the last that was read, up to which they are counted."""

# Redis keeps a group's lag, the entries that it has not been given, unless entries were removed from the
# middle of the stream. The newest `lag` entries and those from the oldest pending one on must stay; with
# them, of the others, as many as may.
_TRIM = Script(f"""
{BEFORE}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stream, age, length, only = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
if redis.call('EXISTS', stream) == 0 then return {{0, 0}} end
local floor, needed, counted = string.format('%.0f-0', now - age), 0, false
for _, found in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
  local group = {{}}
  for place = 1, #found, 2 do group[found[place]] = found[place + 1] end
  if only == '' or group['name'] == only then
    counted = true
    local last, gap = group['last-delivered-id'], 0
    local oldest = last
    if group['pending'] > 0 then
      oldest = redis.call('XPENDING', stream, group['name'])[2]
      gap = #redis.call('XRANGE', stream, oldest, last, 'COUNT', {_GAP})
    end
    if before(oldest, floor) then floor = oldest end
    local known = group['lag'] and gap < {_GAP}
    needed = math.max(needed, known and group['lag'] + gap or math.huge)
  end
end
if only ~= '' and not counted then return {{0, 0}} end
local function trim(kind, to)
  local removed = redis.call('XTRIM', stream, kind, '~', to, 'LIMIT', {_AT_ONCE})
  if removed < {_AT_ONCE} / 2 then removed = removed + redis.call('XTRIM', stream, kind, '=', to) end
  return removed
end
local removed = trim('MINID', floor)
local most = math.max(length, needed)
if most < math.huge and redis.call('XLEN', stream) > most then
  removed = removed + trim('MAXLEN', string.format('%.0f', most))
end
return {{removed, math.max(redis.call('XLEN', stream) - length, 0)}}
""")


class Trimmed(NamedTuple):
    """What came of it."""

    removed: int
    """Entries."""
    beyond: int
    """Entries that are still more than there should be: somebody needs them."""


class Trimming:
    """Trims one partition."""

    def __init__(self, redis: Any, partition: Partition) -> None:
        self._redis = redis
        self._partition = partition

    async def records(self, age: timedelta, length: int) -> Trimmed:
        """Remove records that were settled and are older, or beyond so many.

        Raises Unavailable. Other consumer groups than that of the routers are not waited for.
        """
        return await self._trim(keys.records(self._partition.tag), age, length, keys.ROUTERS)

    async def scores(self, age: timedelta, length: int) -> Trimmed:
        """Remove scores likewise, but none that a consumer group has not acknowledged."""
        return await self._trim(keys.scores(self._partition.tag), age, length, "")

    async def _trim(self, stream: str, age: timedelta, length: int, group: str) -> Trimmed:
        removed = 0
        while True:
            async with within(BULK):
                arguments = keys.milliseconds(age), length, group
                found, beyond = await _TRIM.run(self._redis, (stream,), arguments)
            removed += found
            if found < _AT_ONCE:
                return Trimmed(removed, beyond)
