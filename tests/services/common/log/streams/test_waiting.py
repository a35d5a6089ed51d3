"""Waiting for entries of a thousand streams by a handful of connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from hedgerow.errors import Unavailable
from services.common.log.connection import connect
from services.common.log.streams import waiting as waiting_module
from services.common.log.streams.waiting import Waiting
from tests.cluster import on_both
from tests.support import wait_until

LONG = timedelta(seconds=20)
SHORT = timedelta(seconds=2)


@pytest.fixture
async def waiting(log_url: str) -> AsyncIterator[Waiting]:
    client = connect(log_url)
    waiting = Waiting(client)
    yield waiting
    await waiting.close()
    await client.aclose()


def names(count: int) -> list[str]:
    return [f"hedgerow:{{type-{number}}}:records" for number in range(count)]


def all_wait(waiting: Waiting, streams: list[str], longest: timedelta) -> list[asyncio.Task[None]]:
    return [asyncio.create_task(waiting.wait(stream, "0-0", longest)) for stream in streams]


async def give_up(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def connections(redis: Any) -> int:
    return len(await redis.client_list())


@pytest.mark.parametrize("longest", [SHORT, LONG])
async def test_a_thousand_streams_take_five_connections(
    waiting: Waiting, redis: Any, longest: timedelta
) -> None:
    before = await connections(redis)
    tasks = all_wait(waiting, streams := names(1000), longest)
    await wait_until(lambda: len(waiting._named) >= 1000 - 4, "all are waited for")
    assert await connections(redis) <= before + 5
    for stream in (streams[0], streams[500], streams[999]):
        await redis.xadd(stream, {"alcohol": "1"})
    await asyncio.wait_for(asyncio.gather(tasks[0], tasks[500], tasks[999]), 10)
    assert sum(task.done() for task in tasks) == 3
    await give_up(tasks)


@on_both
async def test_one_that_joins_those_that_are_waited_for_is_told_of_its_entry(
    waiting: Waiting, redis: Any
) -> None:
    first, second, third = names(3)
    tasks = all_wait(waiting, [first], LONG)
    await asyncio.sleep(0.05)
    tasks += all_wait(waiting, [second], LONG)
    await asyncio.sleep(0.05)
    await redis.xadd(second, {"alcohol": "1"})
    await asyncio.wait_for(tasks[1], 10)
    await redis.xadd(third, {"alcohol": "1"})  # it is there before anybody waits for it
    await asyncio.wait_for(waiting.wait(third, "0-0", LONG), 10)
    assert not tasks[0].done()
    await redis.xadd(first, {"alcohol": "1"})
    await asyncio.wait_for(tasks[0], 10)


async def test_a_stream_that_is_waited_for_again_is_not_named_again(
    waiting: Waiting, redis: Any
) -> None:
    first, second = names(2)
    tasks = all_wait(waiting, [first, second], LONG)
    await wait_until(lambda: len(waiting._named) == 2, "both are waited for")
    reading = waiting._reading
    await give_up(tasks[:1])
    again = all_wait(waiting, [first], LONG)
    await asyncio.sleep(0.05)
    assert waiting._reading is reading
    await redis.xadd(first, {"alcohol": "1"})
    await asyncio.wait_for(again[0], 10)
    await give_up(tasks)


async def test_after_a_while_nothing_has_come(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_module, "_ALONE", 0)
    await waiting.wait(names(1)[0], "0-0", timedelta(milliseconds=10))


async def test_all_are_told_that_the_log_is_out_of_reach() -> None:
    client = connect("redis://127.0.0.1:1/0")
    waiting = Waiting(client)
    found = await asyncio.gather(*all_wait(waiting, names(9), LONG), return_exceptions=True)
    assert [type(error) for error in found] == [Unavailable] * 9
    await wait_until(lambda: waiting._running is None, "nothing goes on")
    await client.aclose()


async def test_what_finds_all_connections_in_use_waits_for_one(redis_url: str, redis: Any) -> None:
    few = connect(redis_url, most=2)
    before = await connections(redis)
    await asyncio.gather(*(few.xlen(stream) for stream in names(50)))
    assert await connections(redis) <= before + 2
    await few.aclose()
