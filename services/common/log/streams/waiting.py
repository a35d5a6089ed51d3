"""Waits for entries of many streams, most of them by one connection.

A stream that something comes to often is waited for by itself, as is each on a cluster, where one XREAD may
not name streams of several slots. One that was quiet for a while shares its XREAD with all others that are.
A stream that joins them has it sent anew, which costs the more the more of them there are: the next one is
sent the later, so that all of them together take a twentieth of the time at the most.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any, NamedTuple

from hedgerow.errors import Unavailable
from services.common.log import keys
from services.common.log.connection import BLOCK, BLOCKING, is_cluster, within

_ANSWER = BLOCKING - BLOCK
"""That Redis may take beyond what it was asked to wait."""

_ALONE = 4
"""Streams that are waited for by themselves at once, on a single Redis."""

_LONGEST_ALONE = BLOCK
"""For so long; what is to be waited for longer has been quiet."""

_TOGETHER = timedelta(seconds=30)
"""That one XREAD of all waits."""

_SECONDS_A_STREAM = 30e-6
"""Between two that are sent: twenty times of what naming a stream costs."""


class _Waiter(NamedTuple):
    after: str
    is_over: asyncio.Future[None]


class Waiting:
    """Of one log. Close it before its client."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._is_shared = not is_cluster(redis)
        self._alone = 0
        self._waiters: dict[str, _Waiter] = {}
        self._named: dict[str, str] = {}
        """The streams of the XREAD that is waited for, and after which entry."""
        self._reading: asyncio.Future[Any] | None = None
        self._running: asyncio.Task[None] | None = None
        self._restart: asyncio.TimerHandle | None = None
        self._next = 0.0
        """When an XREAD may be sent again, by the loop's clock."""

    async def wait(self, stream: str, after: str, longest: timedelta) -> None:
        """Return when a stream has an entry after an id, or after a while. Raises Unavailable."""
        is_short = longest <= _LONGEST_ALONE and self._alone < _ALONE
        if is_short or not self._is_shared or stream in self._waiters:
            await self._wait_alone(stream, after, longest)
        else:
            await self._wait_together(stream, after, longest)

    async def _wait_alone(self, stream: str, after: str, longest: timedelta) -> None:
        self._alone += 1
        try:
            async with within(longest + _ANSWER):
                block = keys.milliseconds(longest)
                await self._redis.xread({stream: after}, count=1, block=block)
        finally:
            self._alone -= 1

    async def _wait_together(self, stream: str, after: str, longest: timedelta) -> None:
        waiter = _Waiter(after, asyncio.get_running_loop().create_future())
        self._waiters[stream] = waiter
        self._join(stream, after)
        try:
            await asyncio.wait({waiter.is_over}, timeout=longest.total_seconds())
            if waiter.is_over.done():
                waiter.is_over.result()
        finally:
            del self._waiters[stream]
            waiter.is_over.cancel()

    def _join(self, stream: str, after: str) -> None:
        """Have the XREAD name a stream, unless it does still: it may be waited for again and again."""
        if self._running is None:
            self._running = asyncio.create_task(self._run(), name="waits for quiet streams")
        elif self._reading and self._named.get(stream) != after and self._restart is None:
            loop = asyncio.get_running_loop()
            # Never at once: whoever joins at the same moment is named with it.
            self._restart = loop.call_at(self._next, self._reading.cancel)

    async def _run(self) -> None:
        try:
            while True:
                await self._until_next()
                if all(waiter.is_over.done() for waiter in self._waiters.values()):
                    break
                await self._read()
        finally:
            self._running = None

    async def _until_next(self) -> None:
        await asyncio.sleep(max(self._next - asyncio.get_running_loop().time(), 0))

    async def _read(self) -> None:
        waiters = self._waiters.items()
        self._named = {stream: one.after for stream, one in waiters if not one.is_over.done()}
        self._next = asyncio.get_running_loop().time() + _SECONDS_A_STREAM * len(self._named)
        reading = self._reading = asyncio.ensure_future(self._xread(self._named))
        try:
            await asyncio.wait({reading})
        finally:
            reading.cancel()  # where it is this task that was cancelled
            self._reading, self._named = None, {}
            if self._restart is not None:
                self._restart.cancel()
                self._restart = None
        if not reading.cancelled():
            self._tell(reading)

    async def _xread(self, streams: dict[str, str]) -> list[str]:
        async with within(_TOGETHER + _ANSWER):
            block = keys.milliseconds(_TOGETHER)
            found = await self._redis.xread(streams, count=1, block=block)
        return [key.decode() for key, _ in found]

    def _tell(self, reading: asyncio.Future[list[str]]) -> None:
        error = reading.exception()
        for stream in list(self._waiters) if error else reading.result():
            waiter = self._waiters.get(stream)
            if waiter is None or waiter.is_over.done():
                continue
            if error is None:
                waiter.is_over.set_result(None)
            elif isinstance(error, Unavailable):
                waiter.is_over.set_exception(type(error)(str(error)))
            else:
                waiter.is_over.set_exception(error)

    async def close(self) -> None:
        """Wait no more."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})
