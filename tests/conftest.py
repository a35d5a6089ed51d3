"""Fixtures of all tests: a real Valkey server, and an eye on what is left behind in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from redis import Redis

from hedgerow.local.valkey import Valkey
from services.common.log import Log, keys


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """A Valkey server for all tests, without persistence. Not to be stopped by a test."""
    server = Valkey()
    asyncio.run(server.start())
    yield server
    asyncio.run(server.stop())


@pytest.fixture
def log_url(valkey: Valkey) -> Iterator[str]:
    """The URL of an empty log. Fails the test if it leaves a key that would stay for ever."""
    with Redis.from_url(valkey.url) as redis:
        redis.flushall()
        yield valkey.url
        assert not _leaked(redis), "keys without a time to live that are not in keys.DURABLE"


@pytest.fixture
async def log(log_url: str) -> AsyncIterator[Log]:
    """An empty log."""
    log = Log(log_url)
    yield log
    await log.close()


def _leaked(redis: Redis) -> list[str]:
    immortal = [key.decode() for key in redis.scan_iter() if redis.ttl(key) == -1]
    return [key for key in immortal if not keys.is_durable(key)]
