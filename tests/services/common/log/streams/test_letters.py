"""Dead letters are put back: the record is in one of the two streams, whatever fails."""

from __future__ import annotations

from typing import Any

import pytest

from hedgerow.errors import LimitExceeded
from hedgerow.v1.streams_pb2 import DeadLetter, PlainRecord
from services.common.log import Log
from services.common.log.connection import LogRefused
from services.common.log.streams import Letters, Partition
from tests.cluster import any_client, on_both

RECORDS, DEAD, SEEN = (f"hedgerow:{{wine}}:{kind}" for kind in ("records", "dead", "seen"))


@pytest.fixture
def letters(log: Log) -> Letters:
    return log.streams.letters(Partition("wine"))


async def dead(log_url: str, letters: Letters, fields: int = 1) -> DeadLetter:
    """Put a letter there, of a record with an id."""
    record = PlainRecord(fields={f"f{number}": "1" for number in range(fields)})
    letter = DeadLetter(id="a", plain=record)
    async with any_client(log_url) as client:
        await client.xadd(DEAD, {"letter": letter.SerializeToString()})
        await client.zadd(SEEN, {"a": 1})
    (found,) = [found async for found in letters.after("0-0")]
    return found


@on_both
async def test_a_record_is_put_back_once_and_its_id_is_forgotten(
    log_url: str, redis: Any, letters: Letters
) -> None:
    letter = await dead(log_url, letters, fields=3898)
    assert await letters.replay(letter)
    assert not await letters.replay(letter)
    ((_, fields),) = await redis.xrange(RECORDS)
    assert (len(fields), fields["id"], fields["f0"]) == (3899, "a", "1")
    assert await letters.count() == await redis.exists(SEEN) == 0


@pytest.mark.parametrize("wrong", [RECORDS, SEEN])
async def test_a_key_of_another_type_costs_no_record(
    log_url: str, redis: Any, letters: Letters, wrong: str
) -> None:
    letter = await dead(log_url, letters)
    await redis.set(wrong, "somebody's")
    with pytest.raises(LogRefused, match="wrong kind"):
        await letters.replay(letter)
    assert await letters.count() == 1
    await redis.delete(wrong)
    assert not await redis.exists(RECORDS)
    assert await letters.replay(letter)


async def test_a_full_log_costs_no_record(log_url: str, redis: Any, letters: Letters) -> None:
    letter = await dead(log_url, letters)
    await redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(LogRefused, match="full"):
            await letters.replay(letter)
    finally:
        await redis.config_set("maxmemory", 0)
    assert await letters.count() == 1
    assert await letters.replay(letter)


async def test_a_record_with_more_fields_than_can_be_put_back_stays(
    log_url: str, redis: Any, letters: Letters
) -> None:
    letter = await dead(log_url, letters, fields=5000)
    with pytest.raises(LimitExceeded, match="'a' has 5001 fields, and at most 3900"):
        await letters.replay(letter)
    assert (await letters.count(), await redis.exists(RECORDS)) == (1, 0)
    assert await letters.drop(letter)
    await redis.delete(SEEN)
