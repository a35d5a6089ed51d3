"""Settling: each record has one score or dead letter, whoever scored it how often."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hedgerow.errors import Unavailable
from services.common.log import Log
from services.common.log.connection import LogRefused
from services.common.log.streams import Fate, LeaseLost, RecordReader, Settled, Settlement
from services.common.log.streams.packing import texts
from tests.cluster import on_both
from tests.services.common.log.streams.conftest import WINE

RECORDS, SCORES, DEAD = (f"hedgerow:{{wine}}:{kind}" for kind in ("records", "scores", "dead"))
WINDOW = timedelta(minutes=1)


@pytest.fixture
def settlement(log: Log) -> Settlement:
    return log.streams.settlement(WINE)


def score(record_id: str, own: bool = False) -> Fate:
    return Fate(texts(("id", record_id, "value", "1")), id=record_id if own else "")


async def read(redis: Any, reader: RecordReader, count: int = 1) -> list[str]:
    for number in range(count):
        await redis.xadd(RECORDS, {"alcohol": str(number)})
    return [entry.id for entry in (await reader.read(count)).entries]


async def ids(redis: Any, stream: str) -> list[str]:
    return [fields["id"] for _, fields in await redis.xrange(stream)]


@on_both
async def test_scores_and_dead_letters_are_written_with_the_acknowledgement(
    redis: Any, reader: RecordReader, settlement: Settlement
) -> None:
    one, two = await read(redis, reader, 2)
    dead = Fate(texts(("id", "b")), is_dead=True)
    done = await settlement.settle([(one, [score("a"), dead]), (two, [score("c")])])
    assert done == Settled(written=3, again=0, late=0)
    assert await ids(redis, SCORES) == ["a", "c"]
    assert await ids(redis, DEAD) == ["b"]
    assert (await redis.xpending(RECORDS, "router"))["pending"] == 0


async def test_what_is_settled_twice_is_written_once(
    redis: Any, reader: RecordReader, settlement: Settlement
) -> None:
    (one,) = await read(redis, reader)
    await settlement.settle([(one, [score("a")])])
    assert await settlement.settle([(one, [score("a")])]) == Settled(0, 0, 1)
    assert await ids(redis, SCORES) == ["a"]


@on_both
async def test_of_records_with_one_id_the_first_within_the_window_is_scored(
    redis: Any, reader: RecordReader, settlement: Settlement
) -> None:
    one, two, three, four = await read(redis, reader, 4)
    first = await settlement.settle([(one, [score("a", own=True)])], window=WINDOW)
    both = [(two, [score("a", own=True)]), (three, [score("b", own=True)])]
    assert first.again == 0
    assert await settlement.settle(both, window=WINDOW) == Settled(1, 1, 0)
    assert await ids(redis, SCORES) == ["a", "b"]
    assert (await redis.xpending(RECORDS, "router"))["pending"] == 1
    await redis.zadd("hedgerow:{wine}:seen", {"a": 0})  # long ago
    assert (await settlement.settle([(four, [score("a", own=True)])], window=WINDOW)).written == 1
    assert 0 < await redis.pttl("hedgerow:{wine}:seen") <= 60_000


async def test_without_a_window_ids_are_not_looked_at(
    redis: Any, reader: RecordReader, settlement: Settlement
) -> None:
    one, two = await read(redis, reader, 2)
    await settlement.settle([(one, [score("a", own=True)]), (two, [score("a", own=True)])])
    assert await ids(redis, SCORES) == ["a", "a"]


@on_both
async def test_who_lost_the_lease_settles_nothing(
    redis: Any, reader: RecordReader, other: RecordReader, settlement: Settlement
) -> None:
    await reader.lease.acquire("one#1", WINDOW)
    await redis.xadd(RECORDS, {"alcohol": "1"})
    (entry,) = (await reader.read(1, "one#1")).entries
    await redis.delete("hedgerow:{wine}:reader")
    await other.lease.acquire("other#1", WINDOW)
    with pytest.raises(LeaseLost):
        await settlement.settle([(entry.id, [score("a")])], "one#1")
    assert not await ids(redis, SCORES)
    assert (await settlement.settle([(entry.id, [score("a")])], "other#1")).written == 1


async def test_a_full_log_refuses_a_settlement_as_a_whole(
    redis: Any, reader: RecordReader, settlement: Settlement
) -> None:
    (one,) = await read(redis, reader)
    await redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(LogRefused, match="full"):
            await settlement.settle([(one, [score("a")])])
    finally:
        await redis.config_set("maxmemory", 0)
    assert (await redis.xpending(RECORDS, "router"))["pending"] == 1
    assert (await settlement.settle([(one, [score("a")])])).written == 1


@pytest.mark.parametrize("kind", ["scores", "dead", "seen"])
async def test_keys_that_are_no_streams_cost_no_record(
    redis: Any, reader: RecordReader, settlement: Settlement, kind: str
) -> None:
    (one,) = await read(redis, reader)
    key = f"hedgerow:{{wine}}:{kind}"
    await redis.set(key, "somebody's")
    with pytest.raises(LogRefused, match="wrong kind"):
        await settlement.settle([(one, [score("a", own=True)])], window=WINDOW)
    assert (await redis.xpending(RECORDS, "router"))["pending"] == 1
    await redis.delete(key)
    assert (await settlement.settle([(one, [score("a")])])).written == 1


async def test_a_log_that_is_out_of_reach_is_told(unreachable: Settlement) -> None:
    with pytest.raises(Unavailable):
        await unreachable.settle([("1-0", [score("a")])])


@pytest.fixture
def unreachable() -> Settlement:
    return Log("redis://127.0.0.1:1/0").streams.settlement(WINE)
