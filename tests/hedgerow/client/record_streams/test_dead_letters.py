"""Dead letters, and how streams are, against a real gRPC server."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from hedgerow import AsyncClient, errors
from hedgerow.data.dead_letters import DeadLetter, DeathCause
from hedgerow.v1 import streams_pb2
from tests.hedgerow.fakes.streams import FakeStreams, letters


@pytest.fixture(autouse=True)
def _letters(fake_streams: FakeStreams) -> None:
    fake_streams.letters = letters()


async def test_dead_letters_come_page_by_page(streamer: str, fake_streams: FakeStreams) -> None:
    async with AsyncClient(streamer) as client:
        found = [letter async for letter in client.dead_letters("wine")]
        some = [letter.id async for letter in client.dead_letters("wine", ["b", "a"])]
        assert await client.count_dead_letters("wine") == 3
    assert [letter.id for letter in found] == ["a", "b", "1764500000000-0"]
    assert some == ["a", "b"]
    assert len(fake_streams.pages) == 4


async def test_a_dead_letter_has_the_record_and_why_it_has_no_score(streamer: str) -> None:
    async with AsyncClient(streamer) as client:
        plain = await client.dead_letter("wine", "a")
        batch = await client.dead_letter("wine", "b")
        entry = await client.dead_letter("wine", "1764500000000-0")
        with pytest.raises(errors.NotFound, match="no dead letter of wine has the id 'c'"):
            await client.dead_letter("wine", "c")
    assert plain.at == datetime(2025, 11, 30, 10, 0, tzinfo=UTC)
    assert plain.cause is DeathCause.INVALID
    assert (plain.key, plain.tries, plain.partition) == ("k", 1, "")
    assert plain.fields == {"alcohol": "much", "colour": "red"}
    assert str(plain).startswith("a: invalid: wine-tree@1: feature 'alcohol'")
    assert (batch.cause, batch.fields, batch.partition) == (DeathCause.TRIES, {"alcohol": 1.5}, "3")
    assert (entry.fields, entry.entry) == (None, ((b"batch", b"\xff\x00x"),))
    told = json.loads(json.dumps(entry.to_dict()))
    assert told["entry"] == [["batch", "\\xff\x00x"]]
    assert told["appended_at"] == "2025-11-30T09:59:59.000+00:00"


def test_a_letter_of_a_newer_mesh_or_of_a_broken_batch_can_be_read() -> None:
    message = streams_pb2.DeadLetter(id="a", cause=99)  # type: ignore[arg-type]
    message.batch.rows = 0
    letter = DeadLetter.from_proto(message)
    assert (letter.cause, letter.fields, letter.at) == (DeathCause.UNKNOWN, None, None)


async def test_dead_letters_are_put_back_or_removed(
    streamer: str, fake_streams: FakeStreams
) -> None:
    async with AsyncClient(streamer) as client:
        assert await client.replay_dead_letters("wine", "a") == 1
        assert fake_streams.ids == ["a"]
        assert await client.drop_dead_letters("wine", ["b"]) == 1
        assert await client.replay_dead_letters("wine", everything=True) == 1
        assert await client.drop_dead_letters("wine", everything=True) == 0


async def test_an_id_among_others_that_is_not_there_is_named(streamer: str) -> None:
    async with AsyncClient(streamer) as client:
        letters = client.dead_letters("wine", ["a", "d", "c"])
        assert (await anext(letters)).id == "a"
        with pytest.raises(errors.NotFound, match="no dead letter of wine has the id 'c', 'd'"):
            await anext(letters)


async def test_nothing_is_done_by_mistake(streamer: str, fake_streams: FakeStreams) -> None:
    async with AsyncClient(streamer) as client:
        for act in (client.replay_dead_letters, client.drop_dead_letters):
            with pytest.raises(errors.InvalidInput, match="or everything=True"):
                await act("wine", [])
            with pytest.raises(errors.InvalidInput, match="or everything=True"):
                await act("wine", ["a"], everything=True)
            with pytest.raises(errors.NotFound, match="has the id 'c'"):
                await act("wine", ["a", "c"])
            with pytest.raises(errors.NotFound, match="there are: wine"):
                await act("beer", everything=True)
    assert len(fake_streams.letters) == 3


async def test_the_streams_of_a_data_type_tell_their_lag(
    streamer: str, fake_streams: FakeStreams
) -> None:
    fake_streams.states = [streams_pb2.StreamState(data_type="wine", partition="0", waiting=7)]
    async with AsyncClient(streamer) as client:
        (state,) = await client.streams("wine")
        assert (state.partition, state.waiting) == ("0", 7)
        with pytest.raises(errors.NotFound, match="there are: wine"):
            await client.streams("beer")
