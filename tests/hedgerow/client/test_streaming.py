"""Streams of records, against a real gRPC server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from hedgerow import AsyncClient, errors
from hedgerow.data.answers import Answers
from tests.hedgerow.fakes.router import FakeRouter

WINE: dict[str, Any] = {"alcohol": 13.2}


async def _each(*batches: Any) -> AsyncIterator[Any]:
    for batch in batches:
        yield batch


async def test_a_stream_gives_answers_in_the_order_of_its_records(
    router: str, fake_router: FakeRouter
) -> None:
    fake_router.in_pairs = True
    batches = [WINE, [WINE, WINE], pd.DataFrame({"alcohol": [1.0] * 3}), [WINE] * 4, [WINE] * 5]
    async with AsyncClient(router) as client:
        lengths = [
            len(scored.answers) async for scored in client.score_stream("wine", _each(*batches))
        ]
    assert lengths == [1, 2, 3, 4, 5]


async def test_a_batch_that_cannot_be_scored_ends_nothing(router: str) -> None:
    async with AsyncClient(router) as client:
        stream = client.score_stream("wine", _each(WINE, {"colour": 1.0}, [{"alcohol": [1]}], WINE))
        found = [scored async for scored in stream]
    assert [type(scored.outcome) for scored in found] == [
        Answers,
        errors.InvalidRecord,
        errors.InvalidRecord,
        Answers,
    ]
    with pytest.raises(errors.InvalidRecord, match="colour"):
        _ = found[1].answers
    assert found[1].records == {"colour": 1.0}


async def test_policy_strategy_and_deadline_go_with_every_batch_of_a_stream(
    router: str, fake_router: FakeRouter
) -> None:
    said: dict[str, Any] = {
        "deadline": timedelta(seconds=9),
        "policy": "consensus: {quorum: all}",
        "strategy": {"starts": {"wine-net": "on_doubt"}},
    }
    async with AsyncClient(router) as client:
        async for scored in client.score_stream("wine", _each(WINE, [WINE] * 2), **said):
            assert isinstance(scored.outcome, Answers)
    for request in fake_router.requests:
        assert request.deadline.seconds == 9
        assert request.policy.rule.consensus.quorum.all
        assert request.strategy.starts["wine-net"].on_doubt
    assert [request.batch.rows for request in fake_router.requests] == [1, 2]


async def test_a_stream_with_a_policy_that_makes_no_sense_reads_nothing(
    router: str, fake_router: FakeRouter
) -> None:
    async def batches() -> AsyncIterator[Any]:
        raise AssertionError("nothing is to be read")
        yield WINE

    async with AsyncClient(router) as client:
        with pytest.raises(errors.InvalidPlan, match="policy: there is no rule"):
            await anext(client.score_stream("wine", batches(), policy={}))
    assert fake_router.requests == []


async def test_a_policy_that_does_not_fit_is_told_for_each_batch_of_a_stream(router: str) -> None:
    async with AsyncClient(router) as client:
        stream = client.score_stream("wine", _each(WINE, WINE), policy="consensus: {quorum: 4}")
        found = [type(scored.outcome) async for scored in stream]
    assert found == [errors.InvalidPlan, errors.InvalidPlan]


async def test_a_stream_reads_no_further_ahead_than_it_may(router: str) -> None:
    read = 0

    async def batches() -> AsyncIterator[Any]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield WINE

    async with AsyncClient(router) as client:
        async for _ in client.score_stream("wine", batches(), in_flight=4):
            assert read <= 6
            break


@pytest.mark.parametrize("ahead", [1, 3])
async def test_a_stream_that_breaks_says_so(router: str, ahead: int) -> None:
    async def endless() -> AsyncIterator[Any]:
        while True:
            yield WINE

    async with AsyncClient(router) as client:
        with pytest.raises(errors.Unavailable, match="router is stopping"):
            async for _ in client.score_stream("broken", endless(), in_flight=ahead):
                pass


async def test_what_the_records_raise_is_raised_after_the_answers_before_it(router: str) -> None:
    async def breaking() -> AsyncIterator[Any]:
        yield WINE
        yield WINE
        raise LookupError("the file ends in the middle")

    seen = []
    async with AsyncClient(router) as client:
        stream = client.score_stream("wine", breaking())
        seen += [await anext(stream), await anext(stream)]
        with pytest.raises(LookupError):
            await anext(stream)
    assert [len(scored.answers) for scored in seen] == [1, 1]


async def test_a_batch_that_cannot_be_sent_at_all_is_told_and_ends_nothing(router: str) -> None:
    beyond = [{"id": 2**60 + 1}, {"id": None}]
    bad = [beyond, [{"a": "\ud800"}], [{"\ud800": 1.0}], [{1: 2.0}]]
    bad.append(pd.DataFrame([[1.0, 2.0]], columns=["a", "a"]))
    async with AsyncClient(router) as client, asyncio.timeout(10):
        stream = client.score_stream("wine", _each(WINE, *bad, WINE))
        found = [type(scored.outcome) async for scored in stream]
    assert found == [Answers, *[errors.InvalidRecord] * 5, Answers]


async def test_whatever_else_goes_wrong_with_a_batch_reaches_the_caller(router: str) -> None:
    class Records:
        def __iter__(self) -> Iterator[Any]:
            raise ZeroDivisionError("of the caller's own")

    async with AsyncClient(router) as client, asyncio.timeout(10):
        stream = client.score_stream("wine", _each(WINE, Records(), WINE))
        await anext(stream)  # what was asked before it is answered
        with pytest.raises(ZeroDivisionError, match="of the caller's own"):
            await anext(stream)


async def test_an_answer_to_nothing_that_was_asked_ends_the_stream_with_an_error(
    router: str, fake_router: FakeRouter
) -> None:
    fake_router.answers_as = "another"
    async with AsyncClient(router) as client, asyncio.timeout(10):
        with pytest.raises(errors.Internal, match="not asked"):
            _ = [scored async for scored in client.score_stream("wine", _each(WINE))]


async def test_a_stream_of_nothing_to_nobody_is_told_as_that(nobody: str) -> None:
    async with AsyncClient(nobody) as client, asyncio.timeout(30):
        with pytest.raises(errors.Unavailable, match="nothing answers"):
            _ = [scored async for scored in client.score_stream("wine", _each())]


# -- streams that outlive their calls ----------------------------------------------------------------


async def test_what_has_no_answer_when_a_call_breaks_is_sent_again_on_another(
    router: str, fake_router: FakeRouter
) -> None:
    fake_router.breaks_after = [3, 0, 2]
    batches = [[WINE] * rows for rows in range(1, 21)]
    async with AsyncClient(router) as client:
        stream = client.score_stream("wine", _each(*batches), in_flight=4)
        found = [(scored.records, len(scored.answers)) async for scored in stream]
    assert found == [(batch, len(batch)) for batch in batches]
    assert fake_router.streams == 4


async def test_a_call_that_breaks_when_all_is_answered_is_not_missed(
    router: str, fake_router: FakeRouter
) -> None:
    fake_router.breaks_after = [2]
    answered = asyncio.Event()

    async def two() -> AsyncIterator[Any]:
        yield WINE
        yield [WINE, WINE]
        await answered.wait()

    async with AsyncClient(router) as client:
        stream = client.score_stream("wine", two())
        assert [len((await anext(stream)).answers) for _ in range(2)] == [1, 2]
        answered.set()
        assert [scored async for scored in stream] == []
    assert fake_router.streams == 1


async def test_no_call_is_opened_while_there_is_nothing_to_send(
    router: str, fake_router: FakeRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Patience with a router that is away does not run out while nobody wants it.
    monkeypatch.setattr("hedgerow.client.patience.BETWEEN_ANSWERS", 0.0)
    fake_router.breaks_after = [1, 1]
    more = asyncio.Event()

    async def slow() -> AsyncIterator[Any]:
        yield WINE
        await more.wait()
        yield [WINE] * 2
        yield [WINE] * 3

    async with (
        AsyncClient(router) as client,
        aclosing(client.score_stream("wine", slow())) as stream,
    ):
        assert len((await anext(stream)).answers) == 1
        await asyncio.sleep(0.2)  # a call that is opened meanwhile is one too many
        assert fake_router.streams == 1
        more.set()
        assert [len(scored.answers) async for scored in stream] == [2, 3]
    assert fake_router.streams == 3


async def test_a_stream_gives_up_when_nothing_comes_of_it_for_too_long(
    router: str, fake_router: FakeRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.client.patience.BETWEEN_ANSWERS", 0.2)
    fake_router.breaks_after = [2, *[0] * 100]
    async with AsyncClient(router) as client:
        stream = client.score_stream("wine", _each(WINE, [WINE] * 2, [WINE] * 3))
        assert [len((await anext(stream)).answers) for _ in range(2)] == [1, 2]
        with pytest.raises(errors.Unavailable, match="router is stopping"):
            await anext(stream)
    assert 2 < fake_router.streams < 20


async def test_a_stream_of_a_client_that_is_closed_says_so(router: str) -> None:
    more = asyncio.Event()

    async def waiting() -> AsyncIterator[Any]:
        yield WINE
        await more.wait()
        yield WINE

    client = AsyncClient(router)
    stream = client.score_stream("wine", waiting())
    await anext(stream)
    await client.close()
    more.set()
    async with asyncio.timeout(10):
        with pytest.raises(RuntimeError, match="is closed"):
            await anext(stream)
