"""Reading scores, against a real gRPC server."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

import pytest

from hedgerow import AsyncClient, errors
from hedgerow.client import patience
from hedgerow.client.record_streams.reading import Scores
from hedgerow.data.stream_scores import StreamScore
from hedgerow.plans.rules.reasons import Reason
from hedgerow.v1 import streams_pb2
from tests.hedgerow.fakes.server import served
from tests.hedgerow.fakes.streams import FIRST_MS, FakeStreams
from tests.support import wait_until


def _scored(streams: FakeStreams, start: int, stop: int) -> None:
    for number in range(start, stop):
        streams.score(str(number))


async def _take(scores: Scores, count: int) -> list[str]:
    return [(await anext(scores)).id for _ in range(count)]


async def test_a_score_says_what_was_answered_by_whom_why_and_when(
    streamer: str, fake_streams: FakeStreams
) -> None:
    fake_streams.score("a", "k")
    async with AsyncClient(streamer) as client:
        (score,) = [score async for score in client.scores("wine", "0", follow=False)]
    assert score == StreamScore(
        id="a",
        key="k",
        value="red",
        confidence=0.75,
        model="wine-tree",
        version=2,
        reason=Reason.CONSENSUS,
        agreed=("wine-net", "wine-tree"),
        plan_revision=7,
        appended_at=datetime(2025, 11, 30, 10, 0, 0, 250_000, UTC),
        waited=timedelta(milliseconds=2),
        elapsed=timedelta(microseconds=4500),
        overdue=False,
        tries=1,
        partition="",
        position=f"{FIRST_MS}-0",
    )
    assert str(score) == "a: red by wine-tree@2 (consensus)"
    told = json.loads(json.dumps(score.to_dict()))
    assert told["appended_at"] == "2025-11-30T10:00:00.250+00:00"
    assert (told["waited_ms"], told["elapsed_ms"], told["reason"]) == (2, 4.5, "consensus")


def test_a_score_may_be_a_default_or_none() -> None:
    number = StreamScore.from_proto(streams_pb2.Score(id="a", number=0.0, reason="REASON_DEFAULT"))
    assert (number.value, number.confidence, number.model, number.version) == (0, None, None, None)
    none = StreamScore.from_proto(streams_pb2.Score(id="a", reason="REASON_DEFAULT"))
    assert (none.value, none.answered_by, str(none)) == (None, "", "a: None (default)")


async def test_reading_begins_where_it_is_asked_to(
    streamer: str, fake_streams: FakeStreams
) -> None:
    _scored(fake_streams, 0, 10)
    async with AsyncClient(streamer) as client:

        async def read(start: str | datetime) -> list[str]:
            return [score.id async for score in client.scores("wine", start, follow=False)]

        assert await read("") == []
        assert await read("0") == [str(number) for number in range(10)]
        assert await read(f"{FIRST_MS + 6}-0") == ["7", "8", "9"]
        assert await read(datetime.fromtimestamp((FIRST_MS + 7) / 1000, UTC)) == ["8", "9"]
        with pytest.raises(errors.InvalidInput, match="is no position"):
            await read("yesterday")
        with pytest.raises(errors.InvalidInput, match="without a time zone"):
            await read(datetime(2026, 1, 1))
        with pytest.raises(errors.NotFound, match="there are: wine"):
            await anext(client.scores("beer"))


async def test_scores_are_followed_as_they_come(streamer: str, fake_streams: FakeStreams) -> None:
    async with AsyncClient(streamer) as client, aclosing(client.scores("wine")) as scores:
        first = asyncio.create_task(anext(scores))
        await wait_until(lambda: fake_streams.responses == 2, "it waits for more")
        assert not first.done()
        await client.send("wine", [{"alcohol": 1.0}] * 5, ids=list("abcde"))
        assert (await first).id == "a"
        assert await _take(scores, 4) == ["b", "c", "d", "e"]


@pytest.mark.parametrize("start", ["0", ""])
async def test_a_broken_stream_goes_on_where_it_was(start: str) -> None:
    """None is missed and none comes twice."""
    first = FakeStreams()
    first.partitions = ["", "0", "1", "2"]
    second = FakeStreams().with_the_log_of(first)
    if not start:
        _scored(first, 1000, 1040)  # which are there already, and not asked for
    first.read_breaks = [1, 0, 3, 5, 1, 1, 8]
    second.read_breaks = [2, 4, 0, 1, 7]
    with served(first) as one, served(second) as other:
        async with AsyncClient(f"ipv4:{one},{other}") as client:
            async with aclosing(client.scores("wine", start)) as scores:
                ahead = asyncio.create_task(anext(scores))
                await wait_until(lambda: first.reads + second.reads, "it has begun")
                if not start:
                    await wait_until(lambda: first.responses + second.responses, "it knows where")
                _scored(first, 0, 100)
                found = [(await ahead).id, *await _take(scores, 50)]
                _scored(first, 100, 200)
                found += await _take(scores, 149)
            end = scores.positions
    assert sorted(found, key=int) == [str(number) for number in range(200)]
    assert len(first.reads) + len(second.reads) >= 8
    assert end == {name: scored[-1].position for name, scored in first.scores.items()}


async def test_partitions_that_are_new_are_read_from_their_beginning(
    streamer: str, fake_streams: FakeStreams
) -> None:
    fake_streams.read_breaks = [1]
    async with AsyncClient(streamer) as client, aclosing(client.scores("wine")) as scores:
        ahead = asyncio.create_task(anext(scores))
        await wait_until(lambda: fake_streams.responses, "it knows where it begins")
        fake_streams.partitions = ["", "0"]
        _scored(fake_streams, 0, 20)
        found = [(await ahead).id, *await _take(scores, 19)]
    assert sorted(found, key=int) == [str(number) for number in range(20)]


async def test_a_consumer_goes_on_from_its_positions_after_a_restart(
    streamer: str, fake_streams: FakeStreams
) -> None:
    fake_streams.partitions = ["", "0", "1"]
    _scored(fake_streams, 0, 40)
    async with AsyncClient(streamer) as client, aclosing(client.scores("wine", "0")) as scores:
        found = await _take(scores, 13)
        kept = json.dumps(scores.positions)
    async with AsyncClient(streamer) as client:
        again = client.scores("wine", positions=json.loads(kept), follow=False)
        assert again.positions == json.loads(kept)
        found += [score.id async for score in again]
    assert sorted(found, key=int) == [str(number) for number in range(40)]


async def test_positions_before_the_first_score_are_those_of_the_beginning(
    streamer: str, fake_streams: FakeStreams
) -> None:
    _scored(fake_streams, 0, 5)
    async with AsyncClient(streamer) as client:
        scores = client.scores("wine", follow=False)
        assert [score.id async for score in scores] == []
        _scored(fake_streams, 5, 7)
        later = client.scores("wine", positions=scores.positions, follow=False)
        assert [score.id async for score in later] == ["5", "6"]


async def test_nothing_is_read_before_it_is_asked_for(
    streamer: str, fake_streams: FakeStreams
) -> None:
    """gRPC itself takes some responses ahead; what they may be is bounded by its windows."""
    _scored(fake_streams, 0, 20_000)
    fake_streams.a_response = 100
    async with AsyncClient(streamer) as client, aclosing(client.scores("wine", "0")) as scores:
        assert fake_streams.reads == []
        await _take(scores, 1)
        await client.streams("wine")
        assert fake_streams.responses < 100
        await _take(scores, 19_999)


async def test_reading_ends_when_there_is_no_router_any_more(
    streamer: str, fake_streams: FakeStreams, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "BETWEEN_ANSWERS", 0.1)
    _scored(fake_streams, 0, 9)
    fake_streams.read_breaks = [2, *[0] * 100]
    async with AsyncClient(streamer) as client:
        scores = client.scores("wine", "0")
        assert await _take(scores, 3) == ["0", "1", "2"]
        with pytest.raises(errors.Unavailable, match="the router is stopping"):
            await anext(scores)
    async with AsyncClient(nobody) as client:
        with pytest.raises(errors.Unavailable, match="nothing answers at"):
            await anext(client.scores("wine"))


async def test_reading_may_be_ended_while_a_score_is_waited_for(streamer: str) -> None:
    async with AsyncClient(streamer) as client:
        scores = client.scores("wine")
        waiting = asyncio.create_task(anext(scores))
        await client.streams("wine")
        await scores.aclose()
        with pytest.raises(StopAsyncIteration):
            await waiting
        with pytest.raises(StopAsyncIteration):
            await anext(scores)


@pytest.mark.parametrize("start", ["0", ""])
async def test_whoever_waited_long_enough_may_ask_again(
    streamer: str, fake_streams: FakeStreams, start: str
) -> None:
    async with AsyncClient(streamer) as client:
        scores = client.scores("wine", start)
        found: list[str] = []
        for number in range(5):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await anext(scores)
            _scored(fake_streams, number * 3, number * 3 + 3)
            found += await _take(scores, 3)
        assert found == [str(number) for number in range(15)]
        await scores.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(scores)


async def test_scores_that_could_not_be_read_are_no_end_of_them(
    streamer: str, fake_streams: FakeStreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "BETWEEN_ANSWERS", 0.1)
    _scored(fake_streams, 0, 9)
    fake_streams.read_breaks = [2, *[0] * 100]
    async with AsyncClient(streamer) as client:
        scores = client.scores("wine", "0")
        assert await _take(scores, 2) == ["0", "1"]
        with pytest.raises(errors.Unavailable):
            await _take(scores, 7)
        fake_streams.read_breaks = []
        after = int(scores.positions[""].split("-")[0]) - FIRST_MS
        assert await _take(scores, 8 - after) == [str(number) for number in range(after + 1, 9)]


async def test_two_who_read_the_same_scores_share_them(
    streamer: str, fake_streams: FakeStreams
) -> None:
    async with AsyncClient(streamer) as client, aclosing(client.scores("wine")) as scores:
        waiting = [asyncio.create_task(_take(scores, count)) for count in (3, 4)]
        await wait_until(lambda: fake_streams.responses, "it knows where it begins")
        await client.send("wine", [{"alcohol": 1.0}] * 7, ids=list("abcdefg"))
        found = await asyncio.gather(*waiting)
        assert sorted(found[0] + found[1]) == list("abcdefg")


async def test_reading_ends_when_the_client_is_closed(streamer: str) -> None:
    client = AsyncClient(streamer)
    waiting = asyncio.create_task(anext(client.scores("wine")))
    await client.streams("wine")
    await client.close()
    with pytest.raises((errors.Unavailable, RuntimeError), match="closed"):
        await waiting
