"""Whose log this is: the mesh has a name, by which a log that was emptied or replaced is told from its own.

The first registry on an empty log names the mesh. Everybody remembers the name. Who then finds the log
without one writes what it remembers, so that an emptied log is that of the same mesh again; who finds
a name that was given a moment ago, by a registry that began on the emptied log and could not know better,
puts the old one in its place. A log of another name that was there before is another mesh's, and is left
alone.
"""

from __future__ import annotations

import asyncio
import secrets
from datetime import timedelta
from typing import Any, NamedTuple

import structlog

from hedgerow.errors import Unavailable
from services.common.log.connection import COMMAND, keys_of, within

_log = structlog.get_logger()

PATIENCE = timedelta(seconds=1.5)
"""How long after a mesh was named those who remember another name, and numbers, are waited for: who is
connected is woken, and who is not tries again within a second."""

# A name that is there stays, unless it was given a moment ago by somebody who could not know better.
_LOOK = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local id, at, kind = unpack(redis.call('HMGET', KEYS[1], 'id', 'at', 'kind'))
local mine, patience = ARGV[1], tonumber(ARGV[3])
local unsure = kind == 'new' and ARGV[2] == 'remembered' and now - at < patience
if mine ~= '' and (not id or (unsure and id ~= mine)) then
  id, at, kind = mine, now, ARGV[2]
  redis.call('HSET', KEYS[1], 'id', id, 'at', string.format('%.0f', at), 'kind', kind)
  redis.call('XADD', KEYS[2], '*', 'mesh', id)
end
return {id or '', string.format('%.0f', at or 0), string.format('%.0f', now)}
"""

_RENAME = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('HGET', KEYS[1], 'id') ~= ARGV[1] then
  redis.call('HSET', KEYS[1], 'id', ARGV[1], 'at', string.format('%.0f', now), 'kind', 'remembered')
  redis.call('XADD', KEYS[2], '*', 'mesh', ARGV[1])
end
"""


class Era(NamedTuple):
    """The time of a mesh from when it was named to when the log is emptied."""

    mesh: str
    """Its name; empty: nobody has given it one."""
    at: int
    """When it was named, ms by the log's clock."""


_NONE = Era("", 0)


class Mesh:
    """The mesh of a process, and that of the log."""

    def __init__(self, redis: Any, names: bool) -> None:
        self._redis = redis
        self._keys = keys_of(redis)
        self._names = names
        self.remembered = ""
        """The name of this process's mesh; empty: none is known yet. May be set before the log is read."""
        self.era = _NONE
        """What the log said when it was last looked at."""
        self._seen = 0

    async def name(self) -> str:
        """Return the name that the log has, empty if it has none. Raises Unavailable."""
        async with within(COMMAND):
            found: bytes | None = await self._redis.hget(self._keys.mesh, "id")
        return found.decode() if found else ""

    async def look(self) -> Era:
        """Return what the log says. A log without a name is given the one that is remembered.

        By a registry (`names`) else a new one. Raises Unavailable, of a log of another mesh too.
        """
        mine, kind = self.remembered, "remembered"
        if self._names and not mine:
            mine, kind = secrets.token_hex(8), "new"
        era, now = await self._ask(mine, kind)
        self._check(era)
        if era.mesh:
            self.remembered, self._seen = era.mesh, now
        self.era = era
        return era

    async def rename(self, mesh: str) -> None:
        """Have the log be another mesh's: of those who remember that name. Raises Unavailable."""
        async with within(COMMAND):
            await self._redis.eval(_RENAME, 2, self._keys.mesh, self._keys.data_types, mesh)
        self.remembered = mesh
        await self.look()  # what is appended from now on is for the log of this name

    async def settled(self, patience: timedelta) -> None:
        """Return when those who remember numbers have had the time to say so. Raises Unavailable."""
        era, now = await self._ask("", "")
        left = era.at / 1000 + patience.total_seconds() - now / 1000
        if left > 0:
            await asyncio.sleep(left)

    def _check(self, era: Era) -> None:
        """Tell of a log that is not the one of before. Raises Unavailable if it is another mesh's."""
        mine = self.remembered
        # What was remembered before the log was looked at for the first time may be of any time.
        if mine and era.mesh not in ("", mine) and (era.at < self._seen or not self._seen):
            raise Unavailable(
                f"the log is that of another mesh ({era.mesh}); this is one of {mine}. Give it the log of"
                " its own, or start it anew to have it join the other"
            )
        if self.era.mesh and era != self.era:
            _log.error("the log was emptied or replaced", mesh=era.mesh, before=mine)

    async def _ask(self, mine: str, kind: str) -> tuple[Era, int]:
        patience = int(PATIENCE.total_seconds() * 1000)
        async with within(COMMAND):
            name, at, now = await self._redis.eval(
                _LOOK, 2, self._keys.mesh, self._keys.data_types, mine, kind, patience
            )
        return Era(name.decode(), int(at)), int(now)
