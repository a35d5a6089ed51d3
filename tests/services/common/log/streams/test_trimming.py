"""Trimming: what is settled goes, by age and by number, and nothing that somebody still needs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.common.log import Log
from services.common.log.streams import RecordReader, Trimming
from tests.cluster import on_both
from tests.services.common.log.streams.conftest import WINE

RECORDS, SCORES = "hedgerow:{wine}:records", "hedgerow:{wine}:scores"
AGE, LONG = timedelta(hours=1), timedelta(days=1000)
MANY = 10**9


@pytest.fixture
def trimming(log: Log) -> Trimming:
    return log.streams.trimming(WINE)


async def fill(redis: Any, stream: str, count: int, seconds_ago: int = 0) -> list[str]:
    now, _ = await redis.time()
    at = (now - seconds_ago) * 1000
    return [await redis.xadd(stream, {"n": str(n)}, id=f"{at}-{n + 1}") for n in range(count)]


async def settle_all(redis: Any, reader: RecordReader, but: int = 0) -> list[str]:
    """Read everything and acknowledge all but the first few; return those."""
    ids = [entry.id for entry in (await reader.read(10_000)).entries]
    if ids[but:]:
        await redis.xack(RECORDS, "router", *ids[but:])
    return ids[:but]


@on_both
async def test_what_is_settled_and_old_goes(
    redis: Any, reader: RecordReader, trimming: Trimming
) -> None:
    await fill(redis, RECORDS, 500, seconds_ago=7200)
    young = await fill(redis, RECORDS, 3)
    await settle_all(redis, reader)
    assert (await trimming.records(AGE, MANY)).removed == 500
    assert [entry_id for entry_id, _ in await redis.xrange(RECORDS)] == young


async def test_what_was_not_read_stays_however_old_and_many(
    redis: Any, reader: RecordReader, trimming: Trimming
) -> None:
    assert (await trimming.records(timedelta(0), 1)).removed == 0  # nobody has appended anything
    await fill(redis, RECORDS, 500, seconds_ago=7200)
    assert (await trimming.records(timedelta(0), 1)).removed == 0  # nobody has read anything
    read = [entry.id for entry in (await reader.read(100)).entries]
    await redis.xack(RECORDS, "router", *read)
    await trimming.records(timedelta(0), 1)
    assert 400 <= await redis.xlen(RECORDS) <= 401
    assert len((await reader.read(1000)).entries) == 400


async def test_what_is_pending_stays_and_all_that_follows_it(
    redis: Any, reader: RecordReader, trimming: Trimming
) -> None:
    await fill(redis, RECORDS, 300, seconds_ago=7200)
    await settle_all(redis, reader)
    await fill(redis, RECORDS, 5, seconds_ago=3700)
    (oldest, *_) = await settle_all(redis, reader, but=2)
    await trimming.records(AGE, 1)
    assert (await redis.xrange(RECORDS))[0][0] == oldest
    assert await redis.xlen(RECORDS) == 5


async def test_of_settled_ones_as_many_stay_as_the_plan_says(
    redis: Any, reader: RecordReader, trimming: Trimming
) -> None:
    await fill(redis, RECORDS, 25_000)
    while (await reader.read(5000)).entries:
        pass
    pending = await redis.xpending_range(RECORDS, "router", "-", "+", 30_000)
    await redis.xack(RECORDS, "router", *(entry["message_id"] for entry in pending))
    assert (await trimming.records(LONG, 1234)).removed == 25_000 - 1234
    assert await redis.xlen(RECORDS) == 1234


@on_both
async def test_scores_go_unless_a_group_has_not_acknowledged_them(
    redis: Any, trimming: Trimming
) -> None:
    await fill(redis, SCORES, 300)
    await trimming.scores(LONG, 200)
    assert await redis.xlen(SCORES) == 200
    await redis.xgroup_create(SCORES, "billing", "0")
    await redis.xgroup_create(SCORES, "audit", "$")
    assert await trimming.scores(timedelta(0), 10) == (0, 190)
    assert await redis.xlen(SCORES) == 200
    found = await redis.xreadgroup("billing", "me", {SCORES: ">"}, count=150)
    ids = [entry_id for entry_id, _ in found[0][1]]
    await redis.xack(SCORES, "billing", *ids[1:])
    await trimming.scores(LONG, 10)
    assert (await redis.xrange(SCORES))[0][0] == ids[0]
    await redis.xack(SCORES, "billing", ids[0])
    await trimming.scores(LONG, 10)
    assert await redis.xlen(SCORES) == 50


@on_both
async def test_what_is_left_of_a_partition_is_told(
    redis: Any, log: Log, reader: RecordReader
) -> None:
    empty = await log.streams.figures(WINE)
    assert (empty.waiting, empty.pending, empty.oldest, empty.holder) == (0, 0, None, "")
    await fill(redis, RECORDS, 10, seconds_ago=60)
    await reader.read(3)
    now = await log.streams.figures(WINE)
    assert (now.waiting, now.pending, now.records, now.holder) == (7, 3, 10, "")
    assert now.oldest is not None
    assert now.oldest >= timedelta(seconds=60)
    await redis.xack(RECORDS, "router", *(e["message_id"] for e in await pending(redis)))
    await redis.xdel(RECORDS, (await redis.xrevrange(RECORDS, count=2))[1][0])  # by hand
    holed = await log.streams.figures(WINE)
    assert (holed.waiting, holed.pending) == (6, 0)
    assert holed.oldest is not None


async def pending(redis: Any) -> list[dict[str, str]]:
    found: list[dict[str, str]] = await redis.xpending_range(RECORDS, "router", "-", "+", 100)
    return found
