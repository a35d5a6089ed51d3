"""A lease: one process at a time has it, for a while, unless it renews it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.common.log import keys
from services.common.log.connection import COMMAND, within
from services.common.log.scripts import Script

NOBODY = ""
"""The token of who has no lease."""

_ACQUIRE = Script("""
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and holder ~= ARGV[3] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
""")

_RELEASE = Script("""
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
""")


class Lease:
    """One key of the log, with the token of who has it. Methods raise Unavailable."""

    def __init__(self, redis: Any, key: str) -> None:
        self._redis = redis
        self._key = key

    async def acquire(self, token: str, lasts: timedelta, before: str = NOBODY) -> bool:
        """Take it, or have it last so long from now, unless another has it than this token or `before`."""
        async with within(COMMAND):
            arguments = token, keys.milliseconds(lasts), before
            return bool(await _ACQUIRE.run(self._redis, (self._key,), arguments))

    async def release(self, token: str) -> None:
        """Give it back, if this token has it."""
        async with within(COMMAND):
            await _RELEASE.run(self._redis, (self._key,), (token,))
