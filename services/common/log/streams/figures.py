"""How a partition is: what waits, since when, what is being scored, what is kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from hedgerow.v1.streams_pb2 import StreamState
from services.common.log import keys
from services.common.log.connection import COMMAND, within
from services.common.log.scripts import GROUP, NOW, Script
from services.common.log.streams.partitions import Partition

# The lag is unknown if entries were removed by hand; then it is counted, up to a bound.
_FIGURES = Script(f"""
{NOW}
{GROUP}
local function length(key) return redis.call('XLEN', key) end
local waiting, pending, oldest = length(KEYS[1]), 0, nil
local after = '-'
if redis.call('EXISTS', KEYS[1]) == 1 then
  local group = group_of(KEYS[1], '{keys.ROUTERS}')
  if group then
    after = '(' .. group['last-delivered-id']
    pending = group['pending']
    waiting = group['lag'] or #redis.call('XRANGE', KEYS[1], after, '+', 'COUNT', 1000)
    if pending > 0 then oldest = redis.call('XPENDING', KEYS[1], '{keys.ROUTERS}')[2] end
  end
  if not oldest then
    local first = redis.call('XRANGE', KEYS[1], after, '+', 'COUNT', 1)
    oldest = first[1] and first[1][1]
  end
end
return {{
  waiting, pending, oldest or '', length(KEYS[1]), length(KEYS[2]), length(KEYS[3]),
  redis.call('GET', KEYS[4]) or '', now()
}}
""")


class Figures(NamedTuple):
    """Of one partition, now."""

    waiting: int
    """Entries that no router has read."""
    pending: int
    """Entries that one has read and not settled."""
    oldest: timedelta | None
    """How long the oldest of both has been there; None: there are none."""
    records: int
    """Entries that are kept."""
    scores: int
    dead: int
    holder: str
    """The token of the router that reads alone; empty: nobody does."""

    def write_to(self, state: StreamState) -> None:
        """Write them into what the state of a service says of a partition."""
        state.waiting = self.waiting
        state.in_flight = self.pending
        state.records = self.records
        state.scores = self.scores
        state.dead_letters = self.dead
        if self.oldest is not None:
            state.oldest.FromTimedelta(self.oldest)


async def figures(redis: Any, partition: Partition) -> Figures:
    """Look at a partition. Raises Unavailable."""
    tag = partition.tag
    names = keys.records(tag), keys.scores(tag), keys.dead(tag), keys.reader(tag)
    async with within(COMMAND):
        found = await _FIGURES.run(redis, names, ())
    waiting, pending, oldest, records, scores, dead, holder, now = found
    return Figures(
        waiting=waiting,
        pending=pending,
        oldest=_since(oldest.partition(b"-")[0], now),
        records=records,
        scores=scores,
        dead=dead,
        holder=holder.decode(),
    )


def _since(moment: bytes, now: int) -> timedelta | None:
    """A clock that was set back makes nothing younger than now."""
    return timedelta(milliseconds=max(now - int(moment), 0)) if moment else None
