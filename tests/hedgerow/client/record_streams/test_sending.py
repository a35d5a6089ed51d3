"""Sending records into a stream, against a real gRPC server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from opentelemetry.sdk.trace import TracerProvider

from hedgerow import AsyncClient, errors
from hedgerow.client import patience
from hedgerow.client.record_streams import Outgoing, outgoing
from tests.hedgerow.fakes.server import served
from tests.hedgerow.fakes.streams import FakeStreams
from tests.support import wait_until

WINE: dict[str, Any] = {"alcohol": 13.2}


async def _each(*batches: Any) -> AsyncIterator[Any]:
    for batch in batches:
        yield batch


async def test_each_record_has_an_id_that_no_other_has(
    streamer: str, fake_streams: FakeStreams
) -> None:
    async with AsyncClient(streamer) as client:
        one = await client.send("wine", WINE)
        several = await client.send("wine", [WINE] * 600)
        frame = await client.send("wine", pd.DataFrame({"alcohol": [1.0, 2.0]}))
    ids = [*one, *several, *frame]
    assert [len(one), len(several), len(frame)] == [1, 600, 2]
    assert len(set(ids)) == 603
    assert fake_streams.ids == ids
    assert [batch.rows for batch in fake_streams.sent] == [1, 256, 256, 88, 2]
    assert {batch.data_type for batch in fake_streams.sent} == {"wine"}


async def test_ids_and_keys_of_ones_own_go_with_their_records(
    streamer: str, fake_streams: FakeStreams
) -> None:
    async with AsyncClient(streamer) as client:
        assert await client.send("wine", WINE, ids="a", keys=7) == ["a"]
        frame = pd.DataFrame({"alcohol": [1.0] * 3, "customer": [5, 6, pd.NA]})
        features = frame.drop(columns="customer")
        ids = await client.send("wine", features, ids=["b", None, ""], keys=frame["customer"])
        none = await client.send("wine", [WINE] * 2, keys=pd.Series([None, float("nan")]))
    assert ids[0] == "b"
    assert all(ids[1:])
    assert len({*ids, *none}) == 5
    assert [list(batch.keys) for batch in fake_streams.sent] == [["7"], ["5", "6", ""], []]


@pytest.mark.parametrize(
    ("records", "given", "said"),
    [
        ([], {}, "the batch is empty; send at least one record"),
        (
            [WINE] * 300 + [{"alcohol": [1]}],
            {},
            "record 300: feature 'alcohol' has a value of type",
        ),
        ([WINE, "alcohol"], {}, "record 1: a record is a str; send a mapping"),
        (
            pd.DataFrame({"a": ["x"] * 5 + ["\ud800"]}),
            {},
            "record 5: feature 'a' has a text with half",
        ),
        ([{"a": True}, {"a": 1.0}], {}, "feature 'a' has values of several types"),
        ([WINE] * 3, {"ids": ["a", "b"]}, "there are 2 ids for 3 records; give one a record"),
        ([WINE] * 2, {"keys": "ab"}, "there are 1 keys for 2 records"),
        (
            [WINE] * 2,
            {"ids": ["a", 1.5]},
            "the id of record 1 is a float; give text or a whole number",
        ),
        ([WINE] * 2, {"ids": ["a", True]}, "the id of record 1 is a bool"),
        (WINE, {"ids": 1.5}, "the id of record 0 is a float"),
        (WINE, {"ids": b"x"}, "the id of record 0 is a bytes"),
        (None, {}, "a record is a NoneType; send a mapping"),
        (WINE, {"ids": "ä" * 129}, "the id of record 0 has 258 bytes; it may have 256"),
        (WINE, {"keys": "k" * 1025}, "the key of record 0 has 1025 bytes; it may have 1024"),
        (WINE, {"keys": "\ud800"}, "which is not valid Unicode"),
    ],
)
async def test_what_cannot_be_sent_is_refused_before_anything_is(
    streamer: str, fake_streams: FakeStreams, records: Any, given: Any, said: str
) -> None:
    async with AsyncClient(streamer) as client:
        with pytest.raises(errors.InvalidRecord) as refused:
            await client.send("wine", records, **given)
    assert str(refused.value).startswith(said) or said in str(refused.value)
    assert fake_streams.sent == []


async def test_a_data_type_that_is_not_there_is_named(streamer: str) -> None:
    async with AsyncClient(streamer) as client:
        with pytest.raises(errors.NotFound, match="no data type 'beer'; there are: wine"):
            await client.send("beer", WINE)
        with pytest.raises(errors.InvalidInput, match="cannot name a data type"):
            await client.send("no/type", WINE)


async def test_large_records_go_in_smaller_requests(
    streamer: str, fake_streams: FakeStreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outgoing, "MOST_BYTES", 3000)
    records = [{"text": "x" * 1000}, {"text": "y" * 5000}, {"text": "z" * 1000}, {"text": ""}]
    async with AsyncClient(streamer) as client:
        ids = await client.send("wine", records)
    assert [batch.rows for batch in fake_streams.sent] == [1, 1, 2]
    assert fake_streams.ids == ids
    assert len(ids) == 4


@pytest.mark.parametrize("breaks", [[2, 1, 1, 2], [0, 0, 3]])
async def test_what_a_lost_router_did_not_answer_is_sent_again_and_scored_once(
    breaks: list[int],
) -> None:
    first = FakeStreams()
    second = FakeStreams().with_the_log_of(first)
    first.send_breaks, second.send_breaks = list(breaks), list(breaks)
    with served(first) as one, served(second) as other:
        async with AsyncClient(f"ipv4:{one},{other}") as client:
            ids = await client.send("wine", [WINE] * 5000)
    assert first.ids == ids
    assert len(set(ids)) == 5000
    assert len(first.sent) + len(second.sent) > 20  # some of them twice


async def test_a_stream_of_batches_gives_the_ids_of_each_in_order(
    streamer: str, fake_streams: FakeStreams
) -> None:
    frame = pd.DataFrame({"alcohol": [1.0] * 700})
    batches = [WINE, [WINE] * 2, frame, Outgoing([WINE] * 2, ids=["a", "b"], keys=["k", None])]
    counted: list[int] = []
    async with AsyncClient(streamer) as client:
        stream = client.send_stream("wine", _each(*batches), acknowledged=counted.append)
        found = [sent async for sent in stream]
        from_a_list = [sent async for sent in client.send_stream("wine", [WINE, WINE])]
    assert [len(sent.ids) for sent in found] == [1, 2, 700, 2]
    assert [sent.records for sent in found[:2]] == [WINE, [WINE] * 2]
    assert found[3].ids == ["a", "b"]
    assert counted == [1, 2, 256, 256, 188, 2]
    assert fake_streams.ids == [id for sent in found + from_a_list for id in sent.ids]


async def test_a_batch_that_cannot_be_sent_ends_nothing(
    streamer: str, fake_streams: FakeStreams
) -> None:
    fake_streams.refuses[2] = errors.InvalidRecord("the entry is too large")
    batches: list[Any] = [WINE, [WINE, {"a": []}], [WINE] * 300, WINE, None, 5, WINE]
    async with AsyncClient(streamer) as client:
        found = [sent async for sent in client.send_stream("wine", batches)]
    kinds = [type(sent.outcome) for sent in found]
    bad = errors.InvalidRecord
    assert kinds == [list, bad, bad, list, bad, bad, list]
    assert str(found[1].outcome).startswith("record 1: feature 'a'")
    with pytest.raises(errors.InvalidRecord, match="of records 256 to 299: the entry is too large"):
        _ = found[2].ids
    assert len(fake_streams.ids) == 259


async def test_a_router_that_does_not_answer_slows_the_producer(
    streamer: str, fake_streams: FakeStreams
) -> None:
    fake_streams.has_room.clear()
    read = 0

    def batches() -> Iterator[Any]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield WINE

    async with (
        AsyncClient(streamer) as client,
        aclosing(client.send_stream("wine", batches(), in_flight=4)) as stream,
    ):
        first = asyncio.create_task(anext(stream))
        await wait_until(lambda: read == 5, "the first are read, and one more that may not be sent")
        await client.streams("wine")
        assert (first.done(), read) == (False, 5)
        fake_streams.has_room.set()
        await first
        assert len([sent async for sent in stream]) == 99
    assert len(fake_streams.ids) == 100


async def test_a_producer_that_may_send_nothing_is_told(streamer: str) -> None:
    async with AsyncClient(streamer) as client:
        with pytest.raises(errors.InvalidInput, match="in_flight is 0"):
            await asyncio.wait_for(anext(client.send_stream("wine", [WINE], in_flight=0)), 5)


async def test_a_consumer_of_results_who_waits_slows_the_producer(streamer: str) -> None:
    read = 0

    async def batches() -> AsyncIterator[Any]:
        nonlocal read
        while True:
            read += 1
            yield WINE

    async with (
        AsyncClient(streamer) as client,
        aclosing(client.send_stream("wine", batches(), in_flight=4)) as stream,
    ):
        for taken in range(1, 20):
            await anext(stream)
            assert read <= taken + 5


async def test_a_producer_may_wait_no_longer_than_it_likes(
    streamer: str, fake_streams: FakeStreams
) -> None:
    async with AsyncClient(streamer) as client:
        fake_streams.has_room.clear()
        with pytest.raises(errors.Unavailable) as nothing:
            await client.send("wine", WINE, timeout=timedelta(milliseconds=50))
        with pytest.raises(errors.Unavailable):
            await asyncio.wait_for(client.send("wine", WINE, timeout=timedelta(0)), 5)
    fake_streams.has_room.set()
    assert str(nothing.value).endswith("took not all records in time; the log may be full")


async def test_when_there_is_no_router_any_more_it_says_how_far_it_came(
    streamer: str, fake_streams: FakeStreams, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "BETWEEN_ANSWERS", 0.1)
    fake_streams.send_breaks = [3, *[0] * 100]
    async with AsyncClient(streamer) as client:
        with pytest.raises(errors.Unavailable) as lost:
            await client.send("wine", [WINE] * 1000)
    assert str(lost.value).endswith(
        "the router is stopping; the first 512 of 1000 records are in the stream"
    )
    async with AsyncClient(nobody) as client:
        with pytest.raises(errors.Unavailable, match="nothing answers at"):
            await client.send("wine", WINE)


async def test_a_producer_that_is_kept_waiting_does_not_give_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the log is full calls are ended at their age, one after the other."""
    monkeypatch.setattr(patience, "BEFORE_ANSWERS", 0.0)
    refused = patience.Patience()
    with refused.attempt():
        pass
    assert not await refused.bear()
    monkeypatch.setattr(patience, "BETWEEN_ANSWERS", 1e-9)  # any call lasts as long
    kept_waiting = patience.Patience()
    for _ in range(5):
        with kept_waiting.attempt():
            pass
        assert await kept_waiting.bear()


async def test_ids_have_nothing_in_common_that_a_fork_could_copy(streamer: str) -> None:
    async with AsyncClient(streamer) as client:
        first, second = await client.send("wine", WINE), await client.send("wine", WINE)
    prefixes = [id.partition("-")[0] for id in first + second]
    assert prefixes[0] != prefixes[1]
    assert [len(prefix) for prefix in prefixes] == [16, 16]


async def test_the_span_of_the_producer_goes_with_the_records(
    streamer: str, fake_streams: FakeStreams
) -> None:
    async with AsyncClient(streamer, tracer_provider=TracerProvider()) as client:
        await client.send("wine", [WINE] * 300)
    async with AsyncClient(streamer) as client:
        await client.send("wine", WINE)
    first, second, none = fake_streams.traces
    assert len(first.trace_id) == 16
    assert len(first.span_id) == 8
    assert first == second
    assert not none.trace_id
