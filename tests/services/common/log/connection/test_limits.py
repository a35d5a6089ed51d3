"""A log that does not answer, and a way to it that fails."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from datetime import timedelta

import pytest
from redis import Redis
from redis.exceptions import OutOfMemoryError, ResponseError

from hedgerow.errors import Unavailable
from hedgerow.local.valkey import Valkey
from services.common.log import Log
from services.common.log.connection import connect, executed, within
from tests.cluster import on_both
from tests.services.common.log.reading import append, connected


async def test_a_log_that_is_down_is_told_at_once() -> None:
    async with Valkey() as server, connected(server.url) as log:
        await log.ping()
        await server.stop()
        await all_unavailable(log)


async def test_a_log_that_hangs_is_told_within_two_seconds() -> None:
    async with Valkey() as server, connected(server.url) as log:
        await log.ping()
        os.kill(server.pid or 0, signal.SIGSTOP)
        try:
            await all_unavailable(log)
        finally:
            os.kill(server.pid or 0, signal.SIGCONT)


async def all_unavailable(log: Log) -> None:
    begin = time.monotonic()
    results = await asyncio.gather(
        log.ping(), append(log, "tree"), log.members.list("router"), return_exceptions=True
    )
    assert time.monotonic() - begin < 2
    for result in results:
        assert isinstance(result, Unavailable)
        assert str(result).startswith("the log is out of reach: ")


async def test_whatever_redis_says_is_one_line() -> None:
    with pytest.raises(Unavailable, match=r"^the log refuses: ERR something else$"):
        async with within(timedelta(seconds=1)):
            raise ResponseError("ERR\r\nsomething   else")


async def test_the_place_in_a_script_of_ours_is_not_told() -> None:
    said = "command not allowed when used memory > 'maxmemory'. script: on @user_script:6."
    with pytest.raises(Unavailable, match=r"raise it \(.*'maxmemory'\.\)$"):
        async with within(timedelta(seconds=1)):
            raise OutOfMemoryError(said)


async def test_a_full_log_is_told_as_such_and_takes_more_once_there_is_room() -> None:
    async with Valkey() as server, connected(server.url) as log:
        await log.ping()
        with Redis.from_url(server.url) as redis:
            redis.config_set("maxmemory", "1mb")
            redis.config_set("maxmemory-policy", "noeviction")
        with pytest.raises(
            Unavailable, match=r"^the log is full: Redis has reached its maxmemory; "
        ):
            await append(log, "tree")
        with Redis.from_url(server.url) as redis:
            redis.config_set("maxmemory", "0")
        await append(log, "tree")


async def test_a_replica_is_told_as_such() -> None:
    async with Valkey() as server, connected(server.url) as log:
        with Redis.from_url(server.url) as redis:
            redis.replicaof("127.0.0.1", "1")
        with pytest.raises(Unavailable, match=r"^the log (is read-only|is a replica)"):
            await append(log, "tree")


async def test_a_wrong_password_is_told_as_such() -> None:
    async with Valkey() as server:
        with Redis.from_url(server.url) as redis:
            redis.config_set("requirepass", "secret")
        async with connected(server.url) as log:
            with pytest.raises(Unavailable, match=r"^the log does not let us in; is its password"):
                await log.ping()
        with Redis.from_url(server.url, password="secret") as redis:
            redis.config_set("requirepass", "")


async def test_a_disk_that_is_full_is_told_as_such() -> None:
    with pytest.raises(
        Unavailable, match=r"^the log cannot be written: Redis cannot save to its disk"
    ):
        async with within(timedelta(seconds=1)):
            raise ResponseError("MISCONF Valkey is configured to save RDB snapshots, but it cannot")


@on_both
async def test_what_redis_says_of_one_command_of_several_is_told_and_nothing_else(
    log_url: str,
) -> None:
    redis = connect(log_url)
    await redis.set("text", "no stream", ex=60)
    async with redis.pipeline(transaction=False) as pipeline:
        pipeline.exists("text")
        pipeline.xlen("text")
        with pytest.raises(ResponseError, match=r"^WRONGTYPE Operation against a key"):
            await executed(pipeline)
    await redis.aclose()


async def test_an_error_without_words_is_told_by_its_name() -> None:
    with pytest.raises(Unavailable, match=r"^the log is out of reach: ConnectionResetError$"):
        async with within(timedelta(seconds=1)):
            raise ConnectionResetError


async def test_a_block_that_takes_too_long_is_told_with_its_limit() -> None:
    with pytest.raises(Unavailable, match=r"^the log is out of reach: no answer within 0.01 s$"):
        async with within(timedelta(milliseconds=10)):
            await asyncio.Event().wait()


async def test_what_is_not_of_redis_is_not_told_as_such() -> None:
    with pytest.raises(KeyError):
        async with within(timedelta(seconds=1)):
            raise KeyError("ours")


async def test_a_cancellation_stays_one() -> None:
    async def waits() -> None:
        async with within(timedelta(seconds=60)):
            await asyncio.Event().wait()

    task = asyncio.create_task(waits())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_nothing_is_connected_before_it_is_used_and_it_can_be_closed_then() -> None:
    log = Log("redis://127.0.0.1:1/0")
    await log.close()
    with pytest.raises(Unavailable, match="Connect"):
        await log.ping()
    await log.close()
