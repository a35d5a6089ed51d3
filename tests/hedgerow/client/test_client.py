"""The clients, asynchronous and not, against a real gRPC server."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hedgerow import AsyncClient, Client, errors
from hedgerow.data.answers import Answers
from tests.hedgerow.fakes.router import FakeRouter

WINE: dict[str, Any] = {"alcohol": 13.2}


async def test_a_mapping_gives_one_answer(router: str) -> None:
    async with AsyncClient(router) as client:
        answer = await client.score("wine", WINE)
    assert (answer.value, answer.answered_by, answer.reason) == ("red", "wine-tree@2", "consensus")


def test_the_same_without_asyncio(router: str) -> None:
    with Client(router) as client:
        assert client.score("wine", WINE).value == "red"
        assert [answer.value for answer in client.score("wine", [WINE, WINE])] == ["red", "red"]


async def test_several_mappings_give_as_many_answers(router: str) -> None:
    async with AsyncClient(router) as client:
        answers = await client.score("wine", (WINE for _ in range(3)))
    assert isinstance(answers, Answers)
    assert len(answers) == 3


def test_a_dataframe_gives_answers_under_its_index(router: str) -> None:
    frame = pd.DataFrame({"alcohol": [13.2, 12.1]}, index=["chianti", "merlot"])
    with Client(router) as client:
        answers = client.score("wine", frame)
    assert frame.join(answers.to_dataframe()).loc["merlot", "value"] == "red"


async def test_keys_travel_with_the_records(router: str, fake_router: FakeRouter) -> None:
    async with AsyncClient(router) as client:
        await client.score("wine", WINE, key="c-17")
        await client.score("wine", [WINE, WINE], key="c-17")
        await client.score("wine", [WINE, WINE], keys=[17, None])
        await client.score("wine", WINE)
        with pytest.raises(errors.InvalidRecord, match="there are 1 keys for 2 records"):
            await client.score("wine", [WINE, WINE], keys=["c-1"])
        with pytest.raises(errors.InvalidInput, match="key and keys are given; give one of the"):
            await client.score("wine", [WINE], key="c-1", keys=["c-1"])
        with pytest.raises(
            errors.InvalidRecord, match="key of record 0 is a float; give text or a"
        ):
            await client.score("wine", [WINE], keys=[1.5])  # type: ignore[list-item]
        with pytest.raises(
            errors.InvalidRecord, match="key of record 1 has 1025 bytes; it may have"
        ):
            await client.score("wine", [WINE, WINE], keys=["", "k" * 1025])
    sent = [list(request.batch.keys) for request in fake_router.requests]
    assert sent == [["c-17"], ["c-17", "c-17"], ["17", ""], []]


def test_keys_travel_without_asyncio_too(router: str, fake_router: FakeRouter) -> None:
    with Client(router) as client:
        client.score("wine", WINE, key="c-17")
        client.score("wine", [WINE], keys=["c-18"])
    assert [list(request.batch.keys) for request in fake_router.requests] == [["c-17"], ["c-18"]]


async def test_explain_tells_what_each_model_said(router: str) -> None:
    async with AsyncClient(router) as client:
        answers = await client.score("wine", [WINE], explain=True)
    assert answers.models[0].said(0) == ("red", 0.75)


async def test_a_deadline_reaches_the_router_with_time_for_its_answer(
    router: str, fake_router: FakeRouter
) -> None:
    async with AsyncClient(router) as client:
        await client.score("wine", WINE, deadline=timedelta(seconds=2))
        await client.score("wine", WINE)
    with_deadline, without = fake_router.deadlines
    assert with_deadline is not None
    assert 2 < with_deadline < 3
    assert without is None or without > 1e6


async def test_the_deadline_of_a_policy_reaches_the_router_with_time_for_its_answer_too(
    router: str, fake_router: FakeRouter
) -> None:
    policy = {"timeout": {}, "deadline": "2s"}
    async with AsyncClient(router) as client:
        await client.score("wine", WINE, policy=policy)
        await client.score("wine", WINE, policy=policy, deadline=timedelta(seconds=9))
    by_policy, by_both = fake_router.deadlines
    assert by_policy is not None
    assert 2 < by_policy < 3
    assert by_both is not None
    assert 9 < by_both < 10


@pytest.mark.parametrize(
    ("deadline", "said"),
    [(timedelta(0), "0s"), (timedelta(seconds=-1), "-1s"), (timedelta(hours=2), "2h")],
)
async def test_a_deadline_that_cannot_be_is_refused_here(
    router: str, fake_router: FakeRouter, deadline: timedelta, said: str
) -> None:
    async with AsyncClient(router) as client:
        with pytest.raises(errors.InvalidInput, match=f"a deadline of {said} cannot be"):
            await client.score("wine", WINE, deadline=deadline)
    assert fake_router.requests == []


def test_the_client_without_asyncio_overrides_too(router: str, fake_router: FakeRouter) -> None:
    with Client(router) as client:
        client.score("wine", WINE, policy="timeout: {}", strategy="parallelism: 1")
    (request,) = fake_router.requests
    assert request.policy.rule.HasField("timeout")
    assert request.strategy.parallelism == 1


async def test_a_policy_and_a_strategy_reach_the_router_in_whatever_form(
    router: str, fake_router: FakeRouter
) -> None:
    policy, strategy = "consensus: {quorum: all}", {"starts": {"wine-net": "on_doubt"}}
    async with AsyncClient(router) as client:
        await client.score("wine", WINE, policy=policy, strategy=strategy)
        first = fake_router.requests[0]
        await client.score("wine", WINE, policy=first.policy, strategy=first.strategy)
        await client.score("wine", WINE, strategy={})
        await client.score("wine", WINE)
    assert first.policy.rule.consensus.quorum.all
    assert first.strategy.starts["wine-net"].on_doubt
    _, same, empty, none = fake_router.requests
    assert (same.policy, same.strategy) == (first.policy, first.strategy)
    assert empty.HasField("strategy")  # everything at once, whatever the plan says
    assert not empty.HasField("policy")
    assert not none.HasField("strategy")


async def test_a_policy_that_makes_no_sense_is_refused_here_or_there(
    router: str, fake_router: FakeRouter
) -> None:
    async with AsyncClient(router) as client:
        with pytest.raises(errors.InvalidPlan, match=r"policy.consensus.quorum: .most. is not"):
            await client.score("wine", WINE, policy={"consensus": {"quorum": "most"}})
        with pytest.raises(errors.InvalidPlan, match=r"strategy.parallelism: 0 is not allowed"):
            await client.score("wine", WINE, strategy="parallelism: 0")
        assert fake_router.requests == []
        with pytest.raises(errors.InvalidPlan, match=r"policy.consensus.quorum: 4 of 3 votes"):
            await client.score("wine", WINE, policy="consensus: {quorum: 4}")


def test_many_threads_share_one_client(router: str) -> None:
    with Client(router) as client, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: client.score("wine", WINE), range(64)))
    assert {answer.value for answer in answers} == {"red"}


def test_a_client_may_be_made_before_there_is_an_event_loop(router: str) -> None:
    client = AsyncClient(router)

    async def run() -> object:
        async with client:
            return (await client.score("wine", WINE)).value

    assert asyncio.run(run()) == "red"


async def test_a_closed_client_says_so(router: str) -> None:
    client = AsyncClient(router)
    await client.close()
    with pytest.raises(RuntimeError, match="is closed"):
        await client.score("wine", WINE)


def test_an_interpreter_that_ends_with_an_open_client_ends_well(router: str) -> None:
    script = f"""
        from hedgerow import Client
        client = Client({router!r})
        print(client.score("wine", {WINE!r}).value)
    """
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "red\n", "")


# -- errors ------------------------------------------------------------------------------------------


async def _failure(router: str, data_type: str, records: Any = WINE) -> errors.HedgerowError:
    async with AsyncClient(router) as client:
        with pytest.raises(errors.HedgerowError) as caught:
            await client.score(data_type, records)
    return caught.value


async def test_what_the_router_refuses_is_raised_as_what_it_is(router: str) -> None:
    unknown = await _failure(router, "beer")
    assert isinstance(unknown, errors.NotFound)
    assert str(unknown) == "no data type 'beer'; there are: wine"

    bad = await _failure(router, "wine", [{"colour": 3.0}])
    assert isinstance(bad, errors.InvalidRecord)
    assert "'colour'" in str(bad)

    huge = await _failure(router, "huge")
    assert isinstance(huge, errors.LimitExceeded)
    assert not isinstance(huge, errors.Overloaded)

    busy = await _failure(router, "busy")
    assert isinstance(busy, errors.Overloaded)
    assert busy.retry_after == timedelta(milliseconds=250)

    bug = await _failure(router, "bug")
    assert isinstance(bug, errors.Internal)
    assert "secret" not in str(bug)


async def test_no_answer_tells_the_state_of_each_model(router: str) -> None:
    late = await _failure(router, "late")
    assert isinstance(late, errors.NoAnswer)
    assert late.deadline_reached
    assert late.decision is not None
    assert [model.name for model in late.decision.models][:1] == ["wine-net"]

    failed = await _failure(router, "failing")
    assert isinstance(failed, errors.NoAnswer)
    assert not failed.deadline_reached
    assert failed.decision is not None


async def test_a_router_that_does_not_answer_in_time_is_no_answer(
    router: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.client.aio._MARGIN", timedelta(0))
    async with AsyncClient(router) as client:
        with pytest.raises(errors.NoAnswer, match=f"no answer from {router} in time") as caught:
            await client.score("slow", WINE, deadline=timedelta(milliseconds=10))
    assert caught.value.deadline_reached


async def test_no_mesh_is_unavailable_and_says_how_to_start_one(nobody: str) -> None:
    failure = await _failure(nobody, "wine")
    assert isinstance(failure, errors.Unavailable)
    assert str(failure) == (
        f"nothing answers at {nobody}; is the mesh running? `hedgerow up` starts one"
    )


async def test_the_address_of_another_service_is_told(registry: str) -> None:
    failure = await _failure(registry, "wine")
    assert isinstance(failure, errors.Unavailable)
    assert registry in str(failure)
    assert "right address" in str(failure)


def test_an_address_with_http_is_refused() -> None:
    with pytest.raises(errors.InvalidInput, match="host:port"):
        AsyncClient("http://localhost:8400")


@pytest.mark.parametrize("records", [[], pd.DataFrame(), [[13.2]], [{"alcohol": object()}]])
async def test_what_is_no_record_is_refused_before_it_is_sent(nobody: str, records: Any) -> None:
    assert isinstance(await _failure(nobody, "wine", records), errors.InvalidRecord)


# -- traces ------------------------------------------------------------------------------------------


async def test_a_traced_call_carries_its_context(router: str, fake_router: FakeRouter) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    async with AsyncClient(router, tracer_provider=provider) as client:
        await client.score("wine", [WINE, WINE])
    (span,) = exporter.get_finished_spans()
    assert span.name == "hedgerow.client"
    assert span.attributes == {"hedgerow.data_type": "wine", "hedgerow.records": 2}
    assert span.context is not None
    ids = span.context
    expected = f"00-{ids.trace_id:032x}-{ids.span_id:016x}-{int(ids.trace_flags):02x}"
    assert fake_router.metadata[0]["traceparent"] == expected
    assert ids.trace_flags.sampled


async def test_an_untraced_call_carries_none(router: str, fake_router: FakeRouter) -> None:
    async with AsyncClient(router) as client:
        await client.score("wine", WINE)
    assert "traceparent" not in fake_router.metadata[0]


def test_a_target_is_one_address() -> None:
    with pytest.raises(errors.InvalidInput, match="more than one address"):
        AsyncClient("localhost:1,localhost:2")
    AsyncClient("ipv4:127.0.0.1:1,127.0.0.1:2")  # gRPC's own way to say several
