"""Reads a partition's records: new ones, and those that others left behind.

A partition is read by several routers at once, each of which gets other entries, or by one alone that holds
the partition's lease.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from services.common.log import keys
from services.common.log.connection import (
    BLOCK,
    BULK,
    COMMAND,
    LogRefused,
    executed,
    within,
)
from services.common.log.scripts import BEFORE, GROUP, NOW, Script
from services.common.log.streams.entries import RecordEntry, entries_of
from services.common.log.streams.holding import ALLOWED, SHARED, Holding
from services.common.log.streams.partitions import Partition
from services.common.log.streams.waiting import Waiting

_GROUP = keys.ROUTERS

# Who reads alone reads by a script, which looks at the lease, and whether all that was read is known here.
# That costs: Redis makes Lua's tables of what was read, and then its answer of those (32 us an entry of 13
# fields instead of 8).
_READ_ALONE = Script(f"""
{ALLOWED}
{NOW}
{BEFORE}
{GROUP}
local refusal = allowed(KEYS[2], ARGV[2])
if refusal then return {{refusal}} end
local group = group_of(KEYS[1], '{_GROUP}')
if group and ARGV[4] ~= '' then
  local last = group['last-delivered-id']
  if before(last, ARGV[4]) then return {{'back'}} end
  if before(ARGV[4], last) then return {{'missed'}} end
end
local found = redis.pcall(
  'XREADGROUP', 'GROUP', '{_GROUP}', ARGV[1], 'COUNT', ARGV[3], 'STREAMS', KEYS[1], '>')
if found and found.err then return redis.error_reply(found.err) end
if found then return {{'some', found[1][2], now()}} end
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
return {{'empty', last[1] and last[1][1] or '0-0'}}
""")

# What must be known beside what was read. The last id is looked at before: what comes later is read, or
# wakes who waits for what follows it. Sent as text, for if it were unknown what was read would be lost. So
# would it be if this were refused, as a script of two keys is while their slot moves: it has one.
_LOOK = f"""
{NOW}
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
return {{last[1] and last[1][1] or '0-0', now()}}
"""

# Scores are in the way if a group of consumers has too many still to be given, or needs the oldest one:
# then nothing can be trimmed.
_IS_FULL = Script(f"""
{BEFORE}
local most = tonumber(ARGV[1])
if redis.call('XLEN', KEYS[1]) < most then return 0 end
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
for _, found in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local group = {{}}
  for place = 1, #found, 2 do group[found[place]] = found[place + 1] end
  if group['lag'] and group['lag'] >= most then return 1 end
  if before(group['last-delivered-id'], first[1]) then return 1 end
  if group['pending'] > 0 then
    local oldest = redis.call('XPENDING', KEYS[1], group['name'])[2]
    if not before(first[1], oldest) then return 1 end
  end
end
return 0
""")

# It begins at the first entry: what was appended before any router came is scored too. So is what is still
# there if somebody destroys the group.
_MAKE_GROUP = Script(f"""
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.pcall('XGROUP', 'CREATE', KEYS[1], '{_GROUP}', '0')
return 1
""")

# How often each was tried stands in the list of what is pending. JUSTID leaves that as it is: the answer
# may be lost on its way, and then nobody has tried anything; whoever tries them notes it. What was removed
# is left out.
_TAKE_OVER = Script(f"""
{ALLOWED}
{NOW}
{GROUP}
local refusal = allowed(KEYS[2], ARGV[2])
if refusal then return {{refusal}} end
if redis.call('EXISTS', KEYS[1]) == 0 then return {{'empty', '0-0'}} end
local found = redis.pcall(
  'XAUTOCLAIM', KEYS[1], '{_GROUP}', ARGV[1], ARGV[4], ARGV[5], 'COUNT', ARGV[3], 'JUSTID')
if found.err then
  if string.find(found.err, 'NOGROUP') then return {{'empty', '0-0'}} end
  return redis.error_reply(found.err)
end
local entries, counts = {{}}, {{}}
for _, id in ipairs(found[2]) do
  local entry = redis.call('XRANGE', KEYS[1], id, id)[1]
  local pending = redis.call('XPENDING', KEYS[1], '{_GROUP}', id, id, 1)[1]
  if entry and pending then
    entries[#entries + 1] = entry
    counts[#counts + 1] = pending[4] + 1
  end
end
local last = group_of(KEYS[1], '{_GROUP}')['last-delivered-id']
return {{'some', entries, now(), found[1], counts, last}}
""")


class Status(StrEnum):
    """What came of a reading."""

    SOME = "some"
    """Entries."""
    EMPTY = "empty"
    """There is nothing new."""
    FULL = "full"
    """There are as many scores as may be, and a group of consumers has not acknowledged them."""
    HELD = "held"
    """Another router reads this partition alone."""
    LOST = "lost"
    """The lease is another's by now."""
    MISSED = "missed"
    """More was read than is known here: take it over first."""
    BACK = "back"
    """Less was read than is known here: the log has lost it."""


class Reading(NamedTuple):
    """Entries that are ours now, until they are settled or somebody takes them over."""

    status: Status
    entries: list[RecordEntry]
    now_ms: int = 0
    """When they were read, by the log's clock, ms since 1970."""
    last_id: str = "0-0"
    """Of an empty stream: what comes has an id after this one. With what was taken over: the last entry
    that anybody has read."""


class RecordReader(Holding):
    """One router's access to one partition. All methods raise Unavailable."""

    def __init__(self, redis: Any, partition: Partition, consumer: str, waiting: Waiting) -> None:
        super().__init__(redis, partition, consumer)
        self._waiting = waiting
        self._scores = keys.scores(partition.tag)
        self._left_at = "0-0"
        self._was_held = False

    async def read(
        self, count: int, token: str = SHARED, scores_most: int = 0, after: str = ""
    ) -> Reading:
        """Read at most so many new entries; none while there are `scores_most` scores (0: any number).

        Who reads alone may say which entry was the last that anybody has read, as far as is known here.
        """
        if scores_most and await self._is_full(scores_most):
            return Reading(Status.FULL, [])
        try:
            return await self._read(count, token, after)
        except LogRefused as error:
            if "NOGROUP" not in str(error):
                raise
        if await self._make_group():
            return await self._read(count, token, after)
        return Reading(Status.EMPTY, [])

    async def _read(self, count: int, token: str, after: str) -> Reading:
        if token == SHARED:
            return await self._read_shared(count)
        return await self._read_alone(count, token, after)

    async def _make_group(self) -> bool:
        """Make the routers' group; False: there is no stream yet."""
        async with within(COMMAND):
            return bool(await _MAKE_GROUP.run(self._redis, (self._records,), ()))

    async def _is_full(self, most: int) -> bool:
        async with within(COMMAND):
            return bool(await _IS_FULL.run(self._redis, (self._scores,), (most,)))

    async def _read_alone(self, count: int, token: str, after: str) -> Reading:
        async with within(BULK):
            arguments = self._consumer, token, count, after
            names = self._records, self._lease
            return _reading(await _READ_ALONE.run(self._redis, names, arguments))

    async def _read_shared(self, count: int) -> Reading:
        if self._was_held and await self._is_held():
            return Reading(Status.HELD, [])
        async with within(BULK), self._redis.pipeline(transaction=False) as pipeline:
            pipeline.eval(_LOOK, 1, self._records)
            pipeline.xreadgroup(_GROUP, self._consumer, {self._records: ">"}, count=count)
            pipeline.exists(self._lease)
            (last_id, now), found, self._was_held = await executed(pipeline)
        entries = entries_of(found[0][1]) if found else []
        if self._was_held:
            await self.give_back([entry.id for entry in entries])
            return Reading(Status.HELD, [])
        if not entries:
            return Reading(Status.EMPTY, [], last_id=last_id.decode())
        return Reading(Status.SOME, entries, now)

    async def _is_held(self) -> bool:
        async with within(COMMAND):
            self._was_held = bool(await self._redis.exists(self._lease))
        return self._was_held

    async def wait(self, after: str, longest: timedelta = BLOCK) -> None:
        """Return when there is an entry after an id, or after a while."""
        await self._waiting.wait(self._records, after, longest)

    async def take_over(self, idle: timedelta, count: int, token: str = SHARED) -> Reading:
        """Read at most so many entries that whoever read them has not renewed for so long.

        A later call goes on where this one ended. Whoever tries them notes that with `keep`.
        """
        arguments = (self._consumer, token, count, keys.milliseconds(idle), self._left_at)
        async with within(BULK):
            found = await _TAKE_OVER.run(self._redis, (self._records, self._lease), arguments)
        self._left_at = found[3].decode() if found[0] == b"some" else "0-0"
        return _reading(found)

    def look_after(self, entry_id: str) -> None:
        """Have the next `take_over` begin after an entry; empty: with the oldest that is pending."""
        self._left_at = f"({entry_id}" if entry_id else "0-0"

    @property
    def has_seen_all(self) -> bool:
        """The last `take_over` came to the end of what is pending."""
        return self._left_at == "0-0"


def _reading(found: Any) -> Reading:
    status = Status(found[0].decode())
    if status is not Status.SOME:
        return Reading(status, [], last_id=found[1].decode() if len(found) > 1 else "0-0")
    if len(found) == 3:
        return Reading(status, entries_of(found[1]), found[2])
    return Reading(status, entries_of(found[1], found[4]), found[2], found[5].decode())
