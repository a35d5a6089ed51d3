"""Appending events, and reading one again."""

from __future__ import annotations

import asyncio

import pytest

from hedgerow.errors import Corrupt, Unavailable
from services.common.log import Conflict, Entry, Log, Mark
from services.common.log.connection import connect, keys_of
from tests.cluster import on_both
from tests.services.common.events import pushed
from tests.services.common.log.reading import append, connected, following
from tests.support import wait_until


@on_both
async def test_an_event_is_read_as_it_was_appended(log: Log) -> None:
    entry = await log.models.append("wine", pushed("tree"), after="0-0")
    assert entry.event == pushed("tree")
    assert await log.models.read("wine", entry.id) == pushed("tree")


@on_both
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


@on_both
async def test_of_many_that_saw_the_same_one_appends(log: Log) -> None:
    tries = (log.models.append("wine", pushed(f"m{n}"), after="0-0") for n in range(20))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert len([result for result in results if isinstance(result, Entry)]) == 1
    assert len([result for result in results if isinstance(result, Conflict)]) == 19


async def test_an_entry_that_is_gone_is_corrupt(log: Log) -> None:
    with pytest.raises(Corrupt, match="entry 1-1 of data type 'wine' is gone"):
        await log.models.read("wine", "1-1")


@on_both
async def test_each_entry_names_the_one_before(log: Log, log_url: str) -> None:
    first = (await log.models.report("wine", pushed("a"))).id
    second = await append(log, "b", after=first)
    third = (await log.models.report("wine", pushed("c"))).id
    async with connect(log_url) as redis:
        entries = await redis.xrange(keys_of(redis).models("wine"))
    assert [at.decode() for at, _ in entries] == [first, second, third]
    assert [fields[b"prev"].decode() for _, fields in entries] == ["0-0", first, second]


@on_both
async def test_who_follows_all_learns_of_a_data_type_that_begins_with_a_report(log: Log) -> None:
    async with following(log, "*") as reader:
        await log.models.report("iris", pushed("knn", data_type="iris"))
        await reader.sees("knn")


async def test_nothing_is_appended_to_a_log_that_was_emptied_before_that_is_noticed(
    log_url: str,
) -> None:
    async with connected(log_url, names_mesh=True) as log, connect(log_url) as redis:
        await log.models.mesh.look()
        await append(log, "tree")
        await redis.flushall()
        for data_type in ("wine", "iris"):
            for write in (
                log.models.report(data_type, pushed("net")),
                log.models.append(data_type, pushed("net"), "0-0"),
            ):
                with pytest.raises(Unavailable, match="the log was emptied or replaced"):
                    await write
            assert not await redis.exists(keys_of(redis).models(data_type))


@on_both
async def test_the_ends_are_the_last_entries_of_those_that_have_any(log: Log) -> None:
    assert await log.models.ends() == {}
    last = await append(log, "a", "b")
    with pytest.raises(Conflict):
        await append(log, "c", data_type="iris", after="9-9")
    beer = await append(log, "a", data_type="beer")
    await log.models._announce("tea")  # before its first event, which did not come
    assert await log.models.ends() == {"beer": beer, "wine": last}
