"""Settles entries: acknowledges each and writes what became of its records, in one step.

The scores are written only if the acknowledgement was the first one. So whoever scored a record a second
time, because the first was taken for dead, changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

from hedgerow.errors import Unavailable
from services.common.log import keys
from services.common.log.connection import BULK, within
from services.common.log.scripts import Script
from services.common.log.streams import packing
from services.common.log.streams.partitions import Partition

# What could fail does so before anything is acknowledged. Keys that are no streams raise at XLEN. The first
# command that writes could enlarge the memory, so that a log that is full refuses the script as a whole;
# once a script has written something Redis refuses nothing, and XACK first would exceed the memory. Entries
# come as one string and not as arguments, of which there would be thousands: to pack them and to unpack
# them cost more than all the rest (48 us a record in Redis, 55 here; now 18 and 3).
_SETTLE = Script(f"""
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('XLEN', KEYS[2])
redis.call('XLEN', KEYS[3])
redis.call('SET', KEYS[6], now, 'PX', {keys.milliseconds(keys.SETTLED_TTL)})
if ARGV[1] ~= '' and redis.call('GET', KEYS[5]) ~= ARGV[1] then return false end
local window = tonumber(ARGV[2])
if window > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now - window)
end
local written, again, late = 0, 0, 0
for _, entry in ipairs(cmsgpack.unpack(ARGV[3])) do
  if redis.call('XACK', KEYS[1], '{keys.ROUTERS}', entry[1]) == 0 then
    late = late + 1
  else
    for place = 2, #entry, 3 do
      local target, id, fields = entry[place], entry[place + 1], entry[place + 2]
      if id ~= '' and window > 0 and redis.call('ZADD', KEYS[4], 'NX', now, id) == 0 then
        again = again + 1
      else
        redis.call('XADD', KEYS[target], '*', unpack(fields))
        written = written + 1
      end
    end
  end
end
if window > 0 then redis.call('PEXPIRE', KEYS[4], window) end
return {{written, again, late}}
""")

_SCORES, _DEAD = 2, 3
"""Places of the two streams among the script's keys."""

_NONE = timedelta(0)


class LeaseLost(Unavailable):
    """Another router reads this partition by now, and has what was read here. Nothing was written."""


@dataclass(slots=True)
class Fate:
    """What became of one record, as the entry that tells it."""

    fields: bytes
    """Names and values by turns, packed as an array (see `packing`)."""
    is_dead: bool = False
    """It is a dead letter; else it is a score."""
    id: str = ""
    """The id that its producer gave it; empty: none."""


class Settled(NamedTuple):
    """What was written."""

    written: int
    """Records that have a score, or a dead letter, by this."""
    again: int
    """Records whose id had been there a moment ago."""
    late: int
    """Entries that somebody else had settled."""


class Settlement:
    """Writes to one partition."""

    def __init__(self, redis: Any, partition: Partition) -> None:
        self._redis = redis
        tag = partition.tag
        self._keys = (
            keys.records(tag),
            keys.scores(tag),
            keys.dead(tag),
            keys.seen(tag),
            keys.reader(tag),
            keys.settled(tag),
        )

    async def settle(
        self,
        entries: Sequence[tuple[str, Sequence[Fate]]],
        token: str = "",
        window: timedelta = _NONE,
    ) -> Settled:
        """Settle entries, by their ids. Of records with one id only the first within `window` counts.

        Raises LeaseLost if the partition is read alone and `token` is not its reader's any more, and
        Unavailable, in which case nobody knows whether it was done; it may be tried again.
        """
        arguments = token, keys.milliseconds(window), _packed(entries)
        async with within(BULK):
            found = await _SETTLE.run(self._redis, self._keys, arguments)
        if found is None:
            raise LeaseLost("another router reads this partition by now")
        return Settled(*found)


def _packed(entries: Sequence[tuple[str, Sequence[Fate]]]) -> bytes:
    """Return for each entry its id, and for each of its records where it goes, its id and its fields."""
    parts = [packing.array(len(entries))]
    for entry_id, fates in entries:
        parts += (packing.array(1 + 3 * len(fates)), packing.text(entry_id))
        for fate in fates:
            target = _DEAD if fate.is_dead else _SCORES
            parts += (packing.small(target), packing.text(fate.id), fate.fields)
    return b"".join(parts)
