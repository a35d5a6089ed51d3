"""Reading records: each to one router, or all to the one that holds the lease."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.common.log.streams import RecordReader, Status
from tests.cluster import Cluster, on_both

RECORDS = "hedgerow:{wine}:records"
LEASE = timedelta(seconds=10)
NOW = timedelta(0)


async def add(redis: Any, *values: str) -> list[str]:
    return [await redis.xadd(RECORDS, {"alcohol": value}) for value in values]


@on_both
async def test_what_was_appended_before_anybody_read_is_read_and_each_entry_once(
    redis: Any, reader: RecordReader, other: RecordReader
) -> None:
    ids = await add(redis, "1", "2", "3")
    first, rest = await reader.read(2), await other.read(9)
    assert [entry.id for entry in first.entries] == ids[:2]
    assert [entry.id for entry in rest.entries] == ids[2:]
    assert rest.entries[0].fields == (b"alcohol", b"3")
    assert rest.entries[0].deliveries == 1
    assert 0 <= first.now_ms - first.entries[0].appended_ms < 10_000


@on_both
async def test_an_empty_stream_is_waited_for_by_the_id_that_it_tells(
    redis: Any, reader: RecordReader
) -> None:
    nothing = await reader.read(9)
    assert nothing.status is Status.EMPTY
    waiting = asyncio.create_task(reader.wait(nothing.last_id))
    await add(redis, "1")
    await waiting
    assert len((await reader.read(9)).entries) == 1
    again = await reader.read(9)
    waiting = asyncio.create_task(reader.wait(again.last_id))
    await add(redis, "2")
    await waiting


@on_both
async def test_a_group_that_is_gone_is_made_again(redis: Any, reader: RecordReader) -> None:
    await add(redis, "1")
    await reader.read(9)
    await redis.delete(RECORDS)
    ids = await add(redis, "2")
    assert [entry.id for entry in (await reader.read(9)).entries] == ids


@on_both
async def test_entries_of_one_that_died_are_taken_over_with_how_often_they_were_read(
    redis: Any, reader: RecordReader, other: RecordReader
) -> None:
    ids = await add(redis, "1", "2", "3")
    await reader.read(3)
    assert not (await other.take_over(timedelta(minutes=1), 9)).entries
    part = await other.take_over(NOW, 2)
    assert [(entry.id, entry.deliveries) for entry in part.entries] == [(ids[0], 2), (ids[1], 2)]
    assert not other.has_seen_all
    rest = await other.take_over(NOW, 2)
    assert [entry.id for entry in rest.entries] == ids[2:]
    assert other.has_seen_all


async def test_what_was_taken_over_counts_as_tried_when_whoever_tries_it_says_so(
    redis: Any, reader: RecordReader, other: RecordReader
) -> None:
    (one,) = await add(redis, "1")
    await reader.read(9)
    for _ in range(3):  # its answer was lost, say
        (entry,) = (await other.take_over(NOW, 9)).entries
        assert entry.deliveries == 2
    await other.keep({one: entry.deliveries})
    (entry,) = (await reader.take_over(NOW, 9)).entries
    assert entry.deliveries == 3


async def test_one_may_look_again_after_the_last_entry_that_came(
    redis: Any, reader: RecordReader, other: RecordReader
) -> None:
    ids = await add(redis, "1", "2", "3")
    await reader.read(3)
    await other.take_over(NOW, 1)
    other.look_after(ids[1])
    assert [entry.id for entry in (await other.take_over(NOW, 9)).entries] == ids[2:]
    other.look_after("")
    assert [entry.id for entry in (await other.take_over(NOW, 9)).entries] == ids


@on_both
async def test_what_is_renewed_is_not_taken_over_and_what_was_taken_over_is_not_renewed(
    redis: Any, reader: RecordReader, other: RecordReader
) -> None:
    one, two = await add(redis, "1", "2")
    await reader.read(2)
    await redis.xclaim(RECORDS, "router", "one", 0, [one, two], idle=60_000)
    await reader.keep({one: None})
    taken = await other.take_over(timedelta(seconds=30), 9)
    assert [entry.id for entry in taken.entries] == [two]
    await redis.xclaim(RECORDS, "router", "other", 0, [two], idle=60_000)
    await reader.keep({one: None, two: None})
    (idle,) = [
        entry["time_since_delivered"]
        for entry in await redis.xpending_range(RECORDS, "router", two, two, 1)
    ]
    assert idle >= 60_000


async def test_how_often_a_record_was_tried_outlives_the_router_that_tried_it(
    redis: Any, reader: RecordReader, other: RecordReader
) -> None:
    (one,) = await add(redis, "1")
    await reader.read(1)
    await reader.keep({one: 3})
    (entry,) = (await other.take_over(NOW, 9)).entries
    assert entry.deliveries == 4


async def test_an_entry_that_was_removed_by_hand_is_no_more(
    redis: Any, reader: RecordReader, other: RecordReader
) -> None:
    one, two = await add(redis, "1", "2")
    await reader.read(9)
    await redis.xdel(RECORDS, one)
    assert [entry.id for entry in (await other.take_over(NOW, 9)).entries] == [two]


@on_both
async def test_who_holds_the_lease_reads_alone_and_who_lost_it_nothing_more(
    redis: Any, reader: RecordReader, other: RecordReader
) -> None:
    await add(redis, "1", "2")
    assert await reader.lease.acquire("one#1", LEASE)
    assert not await other.lease.acquire("other#1", LEASE)
    assert (await other.read(1)).status is Status.HELD  # by then it had one, and gave it back
    assert (await other.read(1)).status is Status.HELD
    assert (await other.take_over(NOW, 9)).status is Status.HELD
    (given_back,) = (await reader.take_over(NOW, 9, "one#1")).entries
    assert given_back.deliveries == 1
    assert len((await reader.read(9, "one#1")).entries) == 1

    await redis.delete("hedgerow:{wine}:reader")  # it ran out
    assert await other.lease.acquire("other#1", LEASE)
    assert (await reader.read(9, "one#1")).status is Status.LOST
    assert not await reader.keep({}, "one#1", LEASE)
    assert len((await other.take_over(NOW, 9, "other#1")).entries) == 2

    await reader.lease.release("one#1")
    assert not await reader.lease.acquire("one#2", LEASE)
    await other.lease.release("other#1")
    assert await reader.lease.acquire("one#2", LEASE)
    await reader.lease.release("one#2")


async def test_who_has_the_lease_may_take_it_under_another_token(
    redis: Any, reader: RecordReader, other: RecordReader
) -> None:
    await add(redis, "1")
    assert await reader.lease.acquire("one#1", LEASE)
    assert await reader.lease.acquire("one#2", LEASE, "one#1")
    assert (await reader.read(9, "one#1")).status is Status.LOST
    assert not await other.lease.acquire("other#1", LEASE, "one#1")
    await reader.lease.release("one#2")


@on_both
async def test_who_reads_alone_hears_that_others_have_read_or_that_the_log_has_lost_it(
    redis: Any, reader: RecordReader, other: RecordReader
) -> None:
    ids = await add(redis, "1", "2", "3")
    await reader.lease.acquire("one#1", LEASE)
    await reader.read(1, "one#1", after="0-0")
    await redis.xreadgroup(
        "router", "other", {RECORDS: ">"}, count=1
    )  # it had not heard of the lease
    assert (await reader.read(9, "one#1", after=ids[0])).status is Status.MISSED
    reader.look_after(ids[0])
    taken = await reader.take_over(NOW, 9, "one#1")
    assert ([entry.id for entry in taken.entries], taken.last_id) == ([ids[1]], ids[1])
    assert len((await reader.read(9, "one#1", after=ids[1])).entries) == 1
    await redis.xgroup_destroy(RECORDS, "router")
    assert (await reader.read(9, "one#1", after=ids[2])).status is Status.BACK
    await reader.lease.release("one#1")


async def test_a_lease_lives_as_long_as_it_is_renewed(redis: Any, reader: RecordReader) -> None:
    await reader.lease.acquire("one#1", timedelta(seconds=1))
    assert await reader.keep({}, "one#1", timedelta(hours=1))
    assert await redis.ttl("hedgerow:{wine}:reader") > 3000
    await reader.lease.release("one#1")


@on_both
async def test_who_leaves_is_forgotten_unless_it_has_something(
    redis: Any, reader: RecordReader
) -> None:
    await reader.leave()
    (one,) = await add(redis, "1")
    await reader.read(9)
    await reader.leave()
    assert len(await redis.xinfo_consumers(RECORDS, "router")) == 1
    await redis.xack(RECORDS, "router", one)
    await reader.leave()
    assert not await redis.xinfo_consumers(RECORDS, "router")


@on_both
async def test_nothing_is_read_while_unread_scores_are_as_many_as_may_be(
    redis: Any, reader: RecordReader
) -> None:
    await add(redis, "1")
    for _ in range(3):
        await redis.xadd("hedgerow:{wine}:scores", {"id": "x"})
    assert (await reader.read(9, scores_most=3)).status is Status.SOME  # nobody waits for them
    await add(redis, "2")
    await redis.xgroup_create("hedgerow:{wine}:scores", "billing", "0")
    assert (await reader.read(9, scores_most=3)).status is Status.FULL
    assert (await reader.read(9, scores_most=4)).status is Status.SOME


async def test_scores_that_all_groups_have_acknowledged_are_no_reason_to_pause(
    redis: Any, reader: RecordReader
) -> None:
    scores = "hedgerow:{wine}:scores"
    for _ in range(3):
        await redis.xadd(scores, {"id": "x"})
    await redis.xgroup_create(scores, "billing", "0")
    found = await redis.xreadgroup("billing", "me", {scores: ">"})
    one, two, three = (entry_id for entry_id, _ in found[0][1])
    await redis.xack(scores, "billing", two, three)
    await add(redis, "1")
    assert (await reader.read(9, scores_most=3)).status is Status.FULL
    await redis.xack(scores, "billing", one)
    assert (await reader.read(9, scores_most=3)).status is Status.SOME


@pytest.mark.parametrize("log_url", ["redis+cluster"], indirect=True)
async def test_what_is_read_while_its_slot_moves_is_not_lost(
    redis: Any, reader: RecordReader, valkey_cluster: Cluster
) -> None:
    ids = await add(redis, "1", "2", "3")
    home = await valkey_cluster.owner(RECORDS)
    async with valkey_cluster.moving(RECORDS, (home + 1) % 3):
        first = await reader.read(2)  # the stream is here, and no lease is anywhere
        await valkey_cluster.migrate(RECORDS, (home + 1) % 3)
        rest = await reader.read(2)
    assert [entry.id for entry in first.entries + rest.entries] == ids
    assert (await reader.read(2)).last_id == ids[-1]
