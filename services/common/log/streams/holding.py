"""Holds what was read of a partition: renews it, gives it back, and takes the lease of who reads alone.

The lease has a token, and whatever is done by it is done by a script that looks at the token first: who
lost the lease while it stood still does nothing more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from services.common.log import keys
from services.common.log.connection import BULK, COMMAND, within
from services.common.log.lease import NOBODY, Lease
from services.common.log.scripts import Argument, Script
from services.common.log.streams.partitions import Partition

SHARED = NOBODY
"""The token of those who read without a lease."""

_GROUP = keys.ROUTERS

_AT_ONCE = 1000
"""Entries that one script sees to; some milliseconds in which nobody else is served."""

# Without a lease nothing is read while somebody holds it; with it, only by its holder.
ALLOWED = """
local function allowed(lease, token)
  local holder = redis.call('GET', lease)
  if token == '' then return holder and 'held' or nil end
  return holder ~= token and 'lost' or nil
end
"""

# Only what is still ours: it may have been taken over meanwhile.
_KEEP = Script(f"""
{ALLOWED}
if ARGV[2] ~= '' then
  if allowed(KEYS[2], ARGV[2]) then return 0 end
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
for place = 4, #ARGV, 2 do
  local id, tries = ARGV[place], ARGV[place + 1]
  local pending = redis.pcall('XPENDING', KEYS[1], '{_GROUP}', id, id, 1, ARGV[1])
  if not pending.err and pending[1] then
    if tries == '' then
      redis.call('XCLAIM', KEYS[1], '{_GROUP}', ARGV[1], 0, id, 'JUSTID')
    else
      redis.call('XCLAIM', KEYS[1], '{_GROUP}', ARGV[1], 0, id, 'RETRYCOUNT', tries, 'JUSTID')
    end
  end
end
return 1
""")

# It counts as idle for a day, so that whoever looks next takes it over. This delivery does not count.
_GIVE_BACK = Script(f"""
{ALLOWED}
if ARGV[2] ~= '' and allowed(KEYS[2], ARGV[2]) then return end
for place = 3, #ARGV do
  local pending = redis.pcall('XPENDING', KEYS[1], '{_GROUP}', ARGV[place], ARGV[place], 1, ARGV[1])
  if not pending.err and pending[1] then
    redis.call('XCLAIM', KEYS[1], '{_GROUP}', ARGV[1], 0, ARGV[place], 'IDLE', 86400000, 'RETRYCOUNT',
      math.max(pending[1][4] - 1, 0), 'JUSTID')
  end
end
""")

# One that has nothing pending is forgotten; to forget another would lose what it has.
_LEAVE = Script(f"""
if redis.call('EXISTS', KEYS[1]) == 0 then return end
local pending = redis.pcall('XPENDING', KEYS[1], '{_GROUP}', '-', '+', 1, ARGV[1])
if not pending.err and #pending == 0 then
  redis.call('XGROUP', 'DELCONSUMER', KEYS[1], '{_GROUP}', ARGV[1])
end
""")


class Holding:
    """What one router has of one partition.

    All methods raise Unavailable. `consumer` is this process's name, which no other has had.
    """

    def __init__(self, redis: Any, partition: Partition, consumer: str) -> None:
        self._redis = redis
        self._consumer = consumer
        self._records = keys.records(partition.tag)
        self._lease = keys.reader(partition.tag)
        self.lease = Lease(redis, self._lease)
        """Of who reads the partition alone."""

    async def keep(
        self,
        entries: Mapping[str, int | None],
        token: str = SHARED,
        lease: timedelta = timedelta(0),
    ) -> bool:
        """Renew what is ours, by its id; with a number, note that it was tried so often.

        Renews the lease too. False: it is another's.
        """
        items = list(entries.items()) or [("0-0", None)]
        for start in range(0, len(items), _AT_ONCE):
            part = items[start : start + _AT_ONCE]
            arguments: list[Argument] = [self._consumer, token, keys.milliseconds(lease)]
            for entry_id, tries in part:
                arguments += (entry_id, "" if tries is None else tries)
            async with within(BULK):
                if not await _KEEP.run(self._redis, (self._records, self._lease), arguments):
                    return False
        return True

    async def give_back(self, ids: Collection[str], token: str = SHARED) -> None:
        """Have entries, by their ids, be taken over by whoever looks next, as if they had not been read."""
        items = list(ids)
        for start in range(0, len(items), _AT_ONCE):
            part = items[start : start + _AT_ONCE]
            async with within(BULK):
                arguments = self._consumer, token, *part
                await _GIVE_BACK.run(self._redis, (self._records, self._lease), arguments)

    async def leave(self) -> None:
        """Have Redis forget this consumer, if it has nothing."""
        async with within(COMMAND):
            await _LEAVE.run(self._redis, (self._records,), (self._consumer,))
