"""Scripts that Redis knows by their SHA-1, so that the text of one travels once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from redis.exceptions import NoScriptError

Argument = str | bytes | int


NOW = """
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
"""
"""For scripts: ms since 1970 by Redis' clock."""

BEFORE = """
local function before(one, other)
  local a, b = string.match(one, '(%d+)-(%d+)')
  local c, d = string.match(other, '(%d+)-(%d+)')
  if a ~= c then return tonumber(a) < tonumber(c) end
  return tonumber(b) < tonumber(d)
end
"""
"""For scripts: whether an id of an entry comes before another."""

GROUP = """
local function group_of(stream, name)
  if redis.call('EXISTS', stream) == 0 then return nil end
  for _, found in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local group = {}
    for place = 1, #found, 2 do group[found[place]] = found[place + 1] end
    if group['name'] == name then return group end
  end
end
"""
"""For scripts: what Redis tells of a consumer group; nil if there is none."""


class Script:
    """A script in Lua."""

    def __init__(self, text: str) -> None:
        self._text = text
        # Redis names scripts so; nothing depends on its strength.
        self._sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    async def run(self, redis: Any, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """Run it; the keys are all in one slot. Raises what redis-py raises."""
        try:
            return await redis.evalsha(self._sha, len(keys), *keys, *arguments)
        except NoScriptError:  # it has restarted, or never had it
            return await redis.eval(self._text, len(keys), *keys, *arguments)
