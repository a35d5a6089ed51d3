"""Following events, and what outages do to that."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from redis.asyncio import Redis

from hedgerow.local.valkey import Valkey
from services.common.log import Conflict, Log, Mark
from services.common.log.keys import SINGLE
from tests.services.common.log.reading import append, connected, following
from tests.support import wait_until


async def test_an_empty_log_is_read_at_once(log: Log) -> None:
    async with following(log, "*") as reader:
        await wait_until(lambda: reader.items, "it has begun")
        await wait_until(lambda: reader.items == [Mark.BEGIN, Mark.END], "it is at the end")


async def test_all_there_was_comes_before_the_end_and_the_rest_after(log: Log) -> None:
    names = [f"m{number}" for number in range(40)]  # more than one read brings
    last = await append(log, *names)
    async with following(log, "*") as reader:
        await wait_until(lambda: Mark.END in reader.marks, "all is read")
        assert reader.names == names
        await append(log, "later", after=last)
        await reader.sees("later")
        assert reader.marks == [Mark.BEGIN, Mark.END]


async def test_who_follows_all_learns_of_new_data_types(log: Log) -> None:
    await append(log, "tree")
    async with following(log, "*") as reader:
        await wait_until(lambda: Mark.END in reader.marks, "all is read")
        await append(log, "knn", data_type="iris")
        await append(log, "cnn", data_type="digits")
        await reader.sees("tree", "knn", "cnn")


async def test_who_follows_some_sees_no_others(log: Log) -> None:
    await append(log, "tree")
    async with following(log, {"iris", "digits"}) as reader:
        await wait_until(lambda: Mark.END in reader.marks, "all is read")
        await append(log, "knn", data_type="iris")
        await append(log, "cnn", data_type="digits")
        await reader.sees("knn", "cnn")
        assert "tree" not in reader.names


async def test_a_data_type_that_was_announced_twice_is_followed_once(log: Log) -> None:
    last = await append(log, "tree")
    with pytest.raises(Conflict):  # announces it again
        await append(log, "net")
    async with following(log, "*") as reader:
        await append(log, "net", after=last)
        await reader.sees("net")
        assert reader.names == ["tree", "net"]


async def test_an_entry_that_makes_no_sense_is_skipped(log: Log, log_url: str) -> None:
    await append(log, "tree")
    async with (
        following(log, "*") as reader,
        Redis.from_url(log_url, decode_responses=True) as redis,
    ):
        await redis.xadd(SINGLE.models("wine"), {"event": b"\xff\xff"})
        last = str(await redis.xadd(SINGLE.models("wine"), {"other": b""}))
        await append(log, "net", after=last)
        await reader.sees("net")
        assert reader.names == ["tree", "net"]


# -- outages ---------------------------------------------------------------------------------------


async def test_a_broken_connection_loses_and_repeats_nothing(log: Log, log_url: str) -> None:
    names = [f"m{number}" for number in range(50)]
    last = "0-0"
    async with following(log, "*") as reader, Redis.from_url(log_url) as redis:
        for name in names:
            last = await append(log, name, after=last)
            await redis.client_kill_filter(_type="normal", skipme=True)
        await reader.sees(*names)
        assert reader.names == names
        assert reader.marks == [Mark.BEGIN, Mark.END]


async def test_a_log_that_is_not_there_yet_is_waited_for() -> None:
    async with Valkey() as server:
        port = server.port
    async with connected(server.url) as log, following(log, "*") as reader:
        await wait_until(lambda: reader.marks == [Mark.BEGIN], "it waits")
        async with Valkey(port=port):
            await wait_until(lambda: Mark.END in reader.marks, "all is read")


async def test_a_restart_with_aof_loses_and_repeats_nothing(tmp_path: Path) -> None:
    async with Valkey(tmp_path) as server, connected(server.url) as log:
        async with following(log, "*") as reader:
            last = await append(log, "before")
            await reader.sees("before")
            await server.stop()
            async with Valkey(tmp_path, server.port):
                await append(log, "after", after=last)
                await reader.sees("after")
        assert reader.names == ["before", "after"]
        assert reader.marks == [Mark.BEGIN, Mark.END]


async def test_a_log_that_is_emptied_is_noticed_without_a_break(log: Log, log_url: str) -> None:
    await append(log, "tree")
    async with following(log, "*") as reader, Redis.from_url(log_url) as redis:
        await reader.sees("tree")
        await redis.flushall()
        await wait_until(lambda: reader.marks.count(Mark.END) == 2, "it is read again")
        assert reader.names == []


async def test_following_can_be_cancelled_at_every_moment(log_url: str) -> None:
    for turns in range(60):  # connecting and the first reads take about fifty turns of the loop
        log = Log(log_url)
        async with following(log, "*"):
            for _ in range(turns):
                await asyncio.sleep(0)
        await log.close()


async def test_many_data_types_are_read_together_and_not_one_after_the_other(
    log: Log, log_url: str
) -> None:
    many = 300
    for number in range(many):
        await append(log, "tree", data_type=f"type-{number}")
    async with Redis.from_url(log_url) as redis:
        await redis.config_resetstat()
        async with following(log, "*") as reader:
            await wait_until(lambda: Mark.END in reader.marks, "all is read")
        assert len(reader.names) == many
        readings = (await redis.info("commandstats"))["cmdstat_xread"]["calls"]
    assert readings < 15
