"""Appending events, following them, and what outages do to both."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from redis.asyncio import Redis

from hedgerow.errors import Corrupt, Unavailable
from hedgerow.local.valkey import Valkey
from services.common.log import Conflict, Entry, Log, Mark, Mirror, keys
from tests.services.common.events import pushed
from tests.support import wait_until


class Reader:
    """Holds what a follower said."""

    def __init__(self) -> None:
        self.items: list[Entry | Mark] = []

    @property
    def marks(self) -> list[Mark]:
        return [item for item in self.items if isinstance(item, Mark)]

    @property
    def names(self) -> list[str]:
        """Names of the models pushed, in the order in which they came, since the last BEGIN."""
        names: list[str] = []
        for item in self.items:
            if isinstance(item, Entry):
                names.append(item.event.pushed.model.descriptor.name)
            elif item is Mark.BEGIN:
                names.clear()
        return names

    async def sees(self, *names: str) -> None:
        await wait_until(lambda: set(self.names) >= set(names), f"{names} have come")


@asynccontextmanager
async def following(log: Log, data_types: Collection[str] | Literal["*"]) -> AsyncIterator[Reader]:
    reader = Reader()

    async def read() -> None:
        async for item in log.models.follow(data_types):
            reader.items.append(item)

    task = asyncio.create_task(read())
    try:
        yield reader
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def append(log: Log, *names: str, data_type: str = "wine", after: str = "0-0") -> str:
    for name in names:
        entry = await log.models.append(data_type, pushed(name, data_type=data_type), after)
        after = entry.id
    return after


# -- appending -------------------------------------------------------------------------------------


async def test_an_event_is_read_as_it_was_appended(log: Log) -> None:
    entry = await log.models.append("wine", pushed("tree"), after="0-0")
    assert entry.event == pushed("tree")
    assert await log.models.read("wine", entry.id) == pushed("tree")


async def test_who_has_not_seen_the_last_entry_appends_nothing(log: Log) -> None:
    first = await append(log, "a")
    last = await append(log, "b", after=first)
    for seen in ("0-0", first, "9-9"):
        with pytest.raises(Conflict) as conflict:
            await append(log, "c", after=seen)
        assert conflict.value.last_id == last
    async with following(log, "*") as reader:
        await wait_until(lambda: Mark.END in reader.marks, "all is read")
        assert reader.names == ["a", "b"]


async def test_of_many_that_saw_the_same_one_appends(log: Log) -> None:
    tries = (log.models.append("wine", pushed(f"m{n}"), after="0-0") for n in range(20))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert len([result for result in results if isinstance(result, Entry)]) == 1
    assert len([result for result in results if isinstance(result, Conflict)]) == 19


async def test_an_entry_that_is_gone_is_corrupt(log: Log) -> None:
    with pytest.raises(Corrupt, match="entry 1-1 of data type 'wine' is gone"):
        await log.models.read("wine", "1-1")


# -- following -------------------------------------------------------------------------------------


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
        await redis.xadd(keys.models("wine"), {"event": b"\xff\xff"})
        last = str(await redis.xadd(keys.models("wine"), {"other": b""}))
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


async def test_a_log_that_lost_entries_is_read_again() -> None:
    async with Valkey() as server, connected(server.url) as log, mirroring(log) as mirror:
        last = await append(log, "lost")
        await mirror.caught_up.wait()
        await mirror.reach("wine", last)
        await server.stop()  # without a data folder: everything is gone
        async with Valkey(port=server.port):
            await append(log, "new")
            await wait_until(lambda: mirror.catalog.find("wine", "new"), "the new entry has come")
            assert mirror.catalog.find("wine", "lost") is None


async def test_a_log_that_is_emptied_is_noticed_without_a_break(log: Log, log_url: str) -> None:
    await append(log, "tree")
    async with following(log, "*") as reader, Redis.from_url(log_url) as redis:
        await reader.sees("tree")
        await redis.flushall()
        await wait_until(lambda: reader.marks.count(Mark.END) == 2, "it is read again")
        assert reader.names == []


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


async def test_following_can_be_cancelled_at_every_moment(log_url: str) -> None:
    for turns in range(60):  # connecting and the first reads take about fifty turns of the loop
        log = Log(log_url)
        async with following(log, "*"):
            for _ in range(turns):
                await asyncio.sleep(0)
        await log.close()


# -- mirrors ---------------------------------------------------------------------------------------


async def test_a_mirror_tells_of_changes_and_takes_own_entries_at_once(log: Log) -> None:
    changes: list[list[str]] = []
    last = await append(log, "tree")
    async with mirroring(log) as mirror:
        mirror.listen(lambda: changes.append(mirror.catalog.data_types))
        await mirror.caught_up.wait()
        assert changes == [["wine"]]
        entry = await log.models.append("wine", pushed("net"), last)
        mirror.accept(entry)
        mirror.accept(entry)
        assert mirror.catalog.find("wine", "net")
        after = await append(log, "forest", after=entry.id)
        await mirror.reach("wine", after)
        assert len(changes) == 3


async def test_waiting_for_an_entry_that_does_not_come_ends(log: Log) -> None:
    async with mirroring(log) as mirror:
        with pytest.raises(Unavailable, match="cannot be read at the moment"):
            await mirror.reach("wine", "99999999999999-0")


@asynccontextmanager
async def mirroring(log: Log) -> AsyncIterator[Mirror]:
    mirror = Mirror(log.models)
    task = asyncio.create_task(mirror.run())
    try:
        yield mirror
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Log]:
    log = Log(url)
    try:
        yield log
    finally:
        await log.close()
