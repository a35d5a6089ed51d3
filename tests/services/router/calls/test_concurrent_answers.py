"""Answers of one stream come as they are ready, and a slow reader is not run over."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.router.calls.concurrent_answers import ConcurrentAnswers


async def numbers(count: int) -> AsyncIterator[int]:
    for i in range(count):
        yield i


async def test_answers_come_in_the_order_in_which_they_are_ready() -> None:
    gates = [asyncio.Event() for _ in range(3)]

    async def answer(i: int) -> int:
        await gates[i].wait()
        return i

    answers = ConcurrentAnswers(numbers(3), answer, at_once=3).run()
    seen = []
    for i in (2, 0, 1):
        gates[i].set()
        seen.append(await anext(answers))
    assert seen == [2, 0, 1]
    with pytest.raises(StopAsyncIteration):
        await anext(answers)


async def test_no_more_requests_are_read_than_may_be_open() -> None:
    read: list[int] = []

    async def counted() -> AsyncIterator[int]:
        async for i in numbers(100):
            read.append(i)
            yield i

    async def answer(i: int) -> int:
        return i

    answers = ConcurrentAnswers(counted(), answer, at_once=4).run()
    await anext(answers)
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(read) <= 6
    assert len([i async for i in answers]) == 99


async def test_an_error_of_the_requests_ends_the_answers_with_it() -> None:
    async def broken() -> AsyncIterator[int]:
        yield 1
        raise ConnectionError("the caller went away")

    async def answer(i: int) -> int:
        return i

    with pytest.raises(ConnectionError):
        assert [i async for i in ConcurrentAnswers(broken(), answer, at_once=2).run()]
