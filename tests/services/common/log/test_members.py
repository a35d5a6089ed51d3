"""Addresses with a lease."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from redis import Redis
from structlog.testing import capture_logs

from hedgerow.errors import Unavailable
from hedgerow.local.valkey import Valkey
from services.common.log import Log
from tests.services.common.log.reading import connected
from tests.support import wait_until

LONG = timedelta(seconds=60)
SHORT = timedelta(milliseconds=150)


@asynccontextmanager
async def kept(log: Log, address: str, lease: timedelta) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(log.members.keep("executor", address, lease))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_nobody_is_a_member_of_a_service_nobody_joined(log: Log) -> None:
    assert await log.members.list("executor") == []


async def test_members_are_listed_by_service(log: Log) -> None:
    async with kept(log, "b:1", LONG), kept(log, "a:1", LONG):

        async def both() -> bool:
            return await log.members.list("executor") == ["a:1", "b:1"]

        await wait_until(both, "both are listed")
        assert await log.members.list("router") == []


async def test_a_lease_is_renewed_for_longer_than_it_lasts(log: Log) -> None:
    async with kept(log, "a:1", SHORT):
        end = asyncio.get_running_loop().time() + 3 * SHORT.total_seconds()
        await wait_until(lambda: listed(log), "it is listed")
        while asyncio.get_running_loop().time() < end:
            assert await listed(log)


async def test_a_lease_that_is_not_renewed_runs_out(log: Log) -> None:
    async with kept(log, "a:1", SHORT):
        await wait_until(lambda: listed(log), "it is listed")
    await wait_until(lambda: gone(log), "it is gone")


async def test_a_release_takes_effect_at_once_and_ends_the_renewal(log: Log) -> None:
    async with kept(log, "a:1", LONG) as task:
        await wait_until(lambda: listed(log), "it is listed")
        await log.members.release("executor", "a:1")
        assert await gone(log)
        async with asyncio.timeout(5):
            await task


async def test_one_that_releases_its_lease_does_not_take_others_with_it(log: Log) -> None:
    async with kept(log, "a:1", LONG), kept(log, "b:1", LONG):
        await wait_until(lambda: listed(log, "b:1"), "it is listed")
        await wait_until(lambda: listed(log), "and so is the other")
        await log.members.release("executor", "b:1")
        assert await log.members.list("executor") == ["a:1"]


async def test_an_outage_ends_neither_a_lease_nor_a_watch(tmp_path: Path) -> None:
    seen: list[frozenset[str]] = []

    async def watch() -> None:
        async for members in log.members.watch("executor", SHORT / 10, LONG):
            seen.append(members)

    async with Valkey(tmp_path) as server:
        log = Log(server.url)
        watching = asyncio.create_task(watch())
        async with kept(log, "a:1", SHORT) as task:
            await wait_until(lambda: frozenset({"a:1"}) in seen, "the watch sees it")
            await server.stop()
            with pytest.raises(Unavailable):
                await log.members.list("executor")
            async with Valkey(tmp_path, server.port) as again:
                with Redis.from_url(again.url) as redis:
                    redis.flushall()  # the lease may or may not have run out; now it has
                await wait_until(lambda: listed(log), "it is listed again")
                assert not task.done()
                assert seen[-1] == {"a:1"}
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
        await log.close()


async def test_a_watch_tells_each_change_once(log: Log) -> None:
    watch = log.members.watch("executor", SHORT / 10, LONG)
    assert await anext(watch) == set()
    async with kept(log, "a:1", LONG):
        assert await anext(watch) == {"a:1"}
        await log.members.release("executor", "a:1")
        assert await anext(watch) == set()
    await watch.aclose()  # type: ignore[attr-defined]


async def listed(log: Log, address: str = "a:1") -> bool:
    return address in await log.members.list("executor")


async def gone(log: Log) -> bool:
    return not await listed(log)


async def test_what_keeps_a_lease_from_being_renewed_is_said_once_and_when_it_is_over() -> None:
    every = SHORT.total_seconds() / 3
    async with Valkey() as server, connected(server.url) as log:
        with capture_logs() as said, Redis.from_url(server.url) as redis:
            async with kept(log, "a:1", SHORT):
                await wait_until(lambda: listed(log), "it is listed")
                redis.config_set("maxmemory-policy", "noeviction")
                redis.config_set("maxmemory", "1kb")
                await wait_until(lambda: said, "that it could not be renewed")
                await asyncio.sleep(5 * every)  # it is tried some times more
                redis.config_set("maxmemory", "0")
                await wait_until(lambda: listed(log), "it is listed again")
    refused, renewed = said
    assert refused["event"] == "the lease could not be renewed"
    assert refused["reason"].startswith("the log is full")
    assert renewed["event"] == "the lease is renewed again"


async def test_a_lease_is_taken_once_others_can_see_it(log: Log) -> None:
    waiting = asyncio.create_task(log.members.taken("executor", "a:1"))
    async with kept(log, "a:1", LONG):
        await waiting
        assert await listed(log)
        await log.members.taken("executor", "a:1")


async def test_while_the_log_is_away_no_lease_is_taken(tmp_path: Path) -> None:
    server = Valkey(tmp_path)
    await server.start()
    log = Log(server.url)
    await server.stop()
    async with kept(log, "a:1", SHORT):
        waiting = asyncio.create_task(log.members.taken("executor", "a:1"))
        with capture_logs() as said:
            await wait_until(lambda: said, "it was tried")
        assert not waiting.done()
        server = Valkey(tmp_path, server.port)
        await server.start()
        await waiting
    await log.close()
    await server.stop()
