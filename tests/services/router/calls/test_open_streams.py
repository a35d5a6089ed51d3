"""Streams end in order: what was taken is answered, the rest is never begun, and the caller is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from hedgerow.errors import Unavailable
from services.router.calls.concurrent_answers import ConcurrentAnswers
from services.router.calls.open_streams import OpenStreams
from tests.support import wait_until


class Stream:
    """A stream of numbers that go on for ever, and of answers that wait for the test."""

    def __init__(self, streams: OpenStreams, at_once: int = 3) -> None:
        self.begun: list[int] = []
        self.may_answer = asyncio.Event()
        self.answers: list[int] = []
        self._streams = streams
        self._numbers = ConcurrentAnswers(self._endless(), self._answer, at_once)
        self.task = asyncio.create_task(self._read(), name="reads answers")

    async def _endless(self) -> AsyncIterator[int]:
        number = 0
        while True:
            yield number
            number += 1
            await asyncio.sleep(0)

    async def _answer(self, number: int) -> int:
        self.begun.append(number)
        await self.may_answer.wait()
        return number

    async def _read(self) -> None:
        async for answer in self._streams.run(self._numbers):
            self.answers.append(answer)

    async def ends(self, reason: str) -> None:
        with pytest.raises(Unavailable, match=reason):
            await self.task
        assert self.answers == self.begun


async def test_a_router_that_stops_answers_what_its_streams_have_and_takes_no_more() -> None:
    streams = OpenStreams()
    stream = Stream(streams)
    await wait_until(lambda: len(stream.begun) == 3, "as many as may be are under way")
    await streams.end()
    assert not stream.task.done()
    stream.may_answer.set()
    await stream.ends("router is stopping; open the stream on another one")
    assert stream.answers == [0, 1, 2]
    assert not streams._open


async def test_what_was_taken_before_a_router_stops_is_under_way_when_it_admits_no_more() -> None:
    taken_first, begun = asyncio.Event(), []

    async def two() -> AsyncIterator[int]:
        yield 0
        taken_first.set()  # whoever waits for this runs before the next one begins
        yield 1
        await asyncio.Event().wait()

    async def answer(number: int) -> int:
        begun.append(number)
        return number

    streams = OpenStreams()
    answers = streams.run(ConcurrentAnswers(two(), answer, at_once=3))
    first = asyncio.ensure_future(anext(answers))
    await taken_first.wait()
    assert begun == [0]
    await streams.end()
    assert begun == [0, 1]
    assert [await first, await anext(answers)] == [0, 1]
    with pytest.raises(Unavailable):
        await anext(answers)


async def test_a_router_that_is_stopping_takes_nothing_of_a_new_stream() -> None:
    streams = OpenStreams()
    await streams.end()
    stream = Stream(streams)
    await stream.ends("stopping")
    assert stream.begun == []


async def test_a_stream_ends_at_its_age() -> None:
    streams = OpenStreams(grace=0.05)
    stream = Stream(streams)
    stream.may_answer.set()
    await stream.ends("reached its age; open another one")
    assert stream.answers


async def test_streams_have_no_age_where_connections_have_none() -> None:
    streams = OpenStreams()
    numbers: ConcurrentAnswers[int, int] = ConcurrentAnswers(_three(), _same, at_once=3)
    assert [answer async for answer in streams.run(numbers)] == [0, 1, 2]
    assert not numbers.ended_here


async def _three() -> AsyncIterator[int]:
    for number in range(3):
        yield number


async def _same(number: int) -> int:
    return number
