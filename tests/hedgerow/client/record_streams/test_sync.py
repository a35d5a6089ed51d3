"""The same with the synchronous client."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from hedgerow import Client, errors
from tests.hedgerow.fakes.streams import FakeStreams, letters

WINE: dict[str, Any] = {"alcohol": 13.2}


def test_records_are_sent_and_their_scores_read(streamer: str) -> None:
    with Client(streamer) as client:
        sent = client.send("wine", [WINE] * 300)
        with client.scores("wine", "0") as scores:
            read = [score.id for score in itertools.islice(scores, 100)]
        rest = client.scores("wine", positions=scores.positions, follow=False)
        assert read + [score.id for score in rest] == sent
        assert rest.positions.keys() == {""}
        assert client.streams("wine") == []


def test_batches_are_sent_as_they_come_from_the_thread_that_has_them(
    streamer: str, fake_streams: FakeStreams
) -> None:
    threads = set()

    def batches() -> Iterator[Any]:
        for _ in range(50):
            threads.add(threading.current_thread())
            yield [WINE] * 2

    with Client(streamer) as client:
        sent = list(client.send_stream("wine", batches(), in_flight=4))
    assert fake_streams.ids == [id for one in sent for id in one.ids]
    assert len(sent) == 50
    assert threads == {threading.current_thread()}


def test_a_record_of_a_stream_is_sent_before_the_next_is_there(
    streamer: str, fake_streams: FakeStreams
) -> None:
    def slow() -> Iterator[Any]:
        for number in range(3):
            while len(fake_streams.ids) < number:
                threading.Event().wait(0.001)
            yield WINE

    with Client(streamer) as client:
        assert len(list(client.send_stream("wine", slow()))) == 3


def test_nothing_among_the_batches_is_no_end_of_them(
    streamer: str, fake_streams: FakeStreams
) -> None:
    with Client(streamer) as client:
        batches: list[Any] = [WINE, None, [WINE] * 2]
        kinds = [type(sent.outcome) for sent in client.send_stream("wine", batches)]
    assert kinds == [list, errors.InvalidRecord, list]
    assert len(fake_streams.ids) == 3


def test_no_more_is_read_than_may_be_in_flight(streamer: str, fake_streams: FakeStreams) -> None:
    fake_streams.has_room.clear()
    read = 0

    def batches() -> Iterator[Any]:
        nonlocal read
        for read in range(1, 21):
            if read == 6:  # the first must have been answered by now
                assert fake_streams.has_room.is_set()
            if read == 5:
                threading.Timer(0.05, fake_streams.has_room.set).start()
            yield WINE

    with Client(streamer) as client:
        for taken, _ in enumerate(client.send_stream("wine", batches(), in_flight=5), 1):
            assert read <= taken + 5
    assert len(fake_streams.ids) == 20


def test_a_stream_may_be_left_and_what_its_records_raise_is_raised(
    streamer: str, fake_streams: FakeStreams
) -> None:
    def breaking() -> Iterator[Any]:
        yield WINE
        raise LookupError("the file ends in the middle")

    with Client(streamer) as client:
        for sent in client.send_stream("wine", itertools.repeat(WINE)):
            assert len(sent.ids) == 1
            break
        with pytest.raises(LookupError):
            list(client.send_stream("wine", breaking()))
        with pytest.raises(errors.NotFound):
            next(client.send_stream("beer", [WINE])).ids  # noqa: B018
        with pytest.raises(errors.NotFound):
            next(client.scores("beer"))


def test_what_was_not_answered_is_sent_again(streamer: str, fake_streams: FakeStreams) -> None:
    fake_streams.send_breaks = [3, 0, 2, 1]
    with Client(streamer) as client:
        sent = list(client.send_stream("wine", [[WINE] * 2] * 20))
    assert fake_streams.ids == [id for one in sent for id in one.ids]
    assert len(fake_streams.sent) > 20


def test_no_router_is_told(nobody: str) -> None:
    with Client(nobody) as client:
        with pytest.raises(errors.Unavailable, match="nothing answers at"):
            list(client.send_stream("wine", itertools.repeat(WINE)))
        with pytest.raises(errors.Unavailable, match="nothing answers at"):
            client.send("wine", WINE)


def test_dead_letters(streamer: str, fake_streams: FakeStreams) -> None:
    fake_streams.letters = letters()
    with Client(streamer) as client:
        assert [letter.id for letter in client.dead_letters("wine")][:2] == ["a", "b"]
        assert client.dead_letter("wine", "b").tries == 5
        assert client.count_dead_letters("wine") == 3
        assert client.replay_dead_letters("wine", "a") == 1
        assert client.drop_dead_letters("wine", everything=True) == 2
