"""Which processes of a service there are: addresses with a lease.

Leases are counted by Redis' clock, so the clocks of the machines do not matter.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import structlog

from hedgerow.errors import Unavailable
from services.common.log.connection import COMMAND, keys_of, within

_log = structlog.get_logger()

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""
# The key as a whole lives as long as the longest lease in it.
_RENEW = f"""
{_NOW}
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIREAT', KEYS[1], last[2])
"""
_LIST = f"""
{_NOW}
return redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')
"""


class Members:
    """Keeps leases and lists who holds one."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._keys = keys_of(redis)
        self._kept: dict[tuple[str, str], _Lease] = {}

    async def keep(self, service: str, address: str, lease: timedelta) -> None:
        """Hold a lease until `release` is called or the task is cancelled, which lets it run out.

        It is renewed at a third of its time. While the log is out of reach it goes on trying.
        """
        held = self._lease(service, address)
        while not held.released.is_set():
            async with held.renewing:
                if not held.released.is_set():
                    await self._try_renew(held, service, address, lease)
            await _pause(held.released, lease / 3)

    async def taken(self, service: str, address: str) -> None:
        """Wait until `keep` has had the lease once: from then on others know of the address."""
        await self._lease(service, address).taken.wait()

    async def release(self, service: str, address: str) -> None:
        """End `keep` and give the lease back. Raises Unavailable; then the lease runs out by itself."""
        if (held := self._kept.pop((service, address), None)) is not None:
            held.released.set()
            async with held.renewing:  # a renewal on its way must not arrive after the removal
                await self._remove(service, address)
        else:
            await self._remove(service, address)

    async def list(self, service: str) -> list[str]:
        """Return the addresses that hold a lease, sorted. Raises Unavailable."""
        async with within(COMMAND):
            found = await self._redis.eval(_LIST, 1, self._keys.members(service))
        return sorted(address.decode() for address in found)

    async def watch(
        self,
        service: str,
        every: timedelta,
        lease: timedelta,
        remembered: frozenset[str] = frozenset(),
    ) -> AsyncIterator[frozenset[str]]:
        """Yield the addresses now and at each change, asking `every` so often, for ever.

        While the log is out of reach nothing changes, and for a `lease` after it came back nobody is
        taken for gone: leases ran out meanwhile that their holders could not renew. Who is `remembered`
        is taken for there if the log is out of reach from the start.
        """
        clock = asyncio.get_running_loop().time
        known: frozenset[str] | None = None
        complete_from = 0.0
        while True:
            try:
                listed = frozenset(await self.list(service))
            except Unavailable:
                complete_from = clock() + lease.total_seconds()
                if known is None and remembered:
                    known = remembered
                    yield known
            else:
                now = listed if clock() >= complete_from else listed | (known or frozenset())
                if now != known:
                    known = now
                    yield now
            await asyncio.sleep(every.total_seconds())

    def _lease(self, service: str, address: str) -> _Lease:
        return self._kept.setdefault((service, address), _Lease())

    async def _try_renew(self, held: _Lease, service: str, address: str, lease: timedelta) -> None:
        try:
            async with within(COMMAND):
                await self._redis.eval(
                    _RENEW,
                    1,
                    self._keys.members(service),
                    address,
                    int(lease.total_seconds() * 1000),
                )
        except Unavailable as error:
            held.refused(address, str(error))
        else:
            held.renewed(address)

    async def _remove(self, service: str, address: str) -> None:
        async with within(COMMAND):
            await self._redis.zrem(self._keys.members(service), address)


class _Lease:
    """A lease that is held."""

    def __init__(self) -> None:
        self.taken = asyncio.Event()
        self.released = asyncio.Event()
        self.renewing = asyncio.Lock()
        self._reason = ""

    def refused(self, address: str, reason: str) -> None:
        """Say so, once for each reason: a log may be out of reach for hours."""
        if reason != self._reason:
            _log.warning("the lease could not be renewed", address=address, reason=reason)
            self._reason = reason

    def renewed(self, address: str) -> None:
        """Say so if it could not be renewed before."""
        self.taken.set()
        if self._reason:
            _log.info("the lease is renewed again", address=address)
            self._reason = ""


async def _pause(until: asyncio.Event, duration: timedelta) -> None:
    """Wait for the event, at most this long."""
    try:
        async with asyncio.timeout(duration.total_seconds()):
            await until.wait()
    except TimeoutError:
        pass
