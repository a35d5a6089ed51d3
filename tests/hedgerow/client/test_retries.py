"""Which calls a client sends again, and which it does not; counted where they arrive."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pandas as pd
import pytest

from hedgerow import AsyncClient, AsyncRegistry, errors
from hedgerow.client.service_config import SERVICE_CONFIG
from hedgerow.v1.plans_pb2 import Plan
from tests.hedgerow.fakes.answers import decision
from tests.hedgerow.fakes.registry import FakeRegistry
from tests.hedgerow.fakes.router import FakeRouter
from tests.hedgerow.fakes.server import served

WINE = {"alcohol": 13.2}
STOPPING = errors.Unavailable("the router is stopping")


async def test_a_call_that_a_router_refuses_because_it_stops_is_sent_again(
    router: str, fake_router: FakeRouter
) -> None:
    fake_router.failures = [STOPPING] * 3
    async with AsyncClient(router) as client:
        assert (await client.score("wine", WINE)).value == "red"
    assert len(fake_router.requests) == 4


async def test_a_large_batch_is_sent_again_too(router: str, fake_router: FakeRouter) -> None:
    fake_router.failures = [STOPPING] * 2
    frame = pd.DataFrame({name: [1.5] * 100_000 for name in "abcdef"})
    async with AsyncClient(router) as client:
        assert len(await client.score("anything", frame)) == 100_000
    assert [request.ByteSize() > 4_500_000 for request in fake_router.requests] == [True] * 3


async def test_after_four_attempts_it_is_enough(router: str, fake_router: FakeRouter) -> None:
    fake_router.failures = [STOPPING] * 10
    async with AsyncClient(router) as client:
        with pytest.raises(errors.Unavailable, match="router is stopping"):
            await client.score("wine", WINE)
    assert len(fake_router.requests) == 4


@pytest.mark.parametrize(
    "failure",
    [
        errors.NoAnswer("all failed", deadline_reached=False, decision=decision(1)),
        errors.NoAnswer("all failed", deadline_reached=False),
        errors.NoAnswer("too late", deadline_reached=True),
        errors.Overloaded("too much in flight", timedelta(milliseconds=250)),
        errors.LimitExceeded("too many records"),
        errors.InvalidRecord("feature 'alcohol' is missing"),
        errors.NotFound("no data type 'wine'"),
        ValueError("a fault of ours"),
    ],
    ids=lambda failure: f"{type(failure).__name__}: {failure}",
)
async def test_what_would_fail_again_or_cost_the_models_again_is_not_sent_again(
    router: str, fake_router: FakeRouter, failure: Exception
) -> None:
    fake_router.failures = [failure]
    async with AsyncClient(router) as client:
        with pytest.raises(errors.HedgerowError):
            await client.score("wine", WINE)
    assert len(fake_router.requests) == 1


async def test_no_more_is_sent_again_when_very_many_fail(
    router: str, fake_router: FakeRouter
) -> None:
    calls, more_at_most = 400, 200
    fake_router.failures = [STOPPING] * 10_000
    async with AsyncClient(router) as client:

        async def fail() -> None:
            with pytest.raises(errors.Unavailable):
                await client.score("wine", WINE)

        await asyncio.gather(*(fail() for _ in range(calls)))
        assert calls < len(fake_router.requests) <= calls + more_at_most
        fake_router.requests.clear()
        for _ in range(10):
            await fail()
        assert len(fake_router.requests) == 10
        assert SERVICE_CONFIG["retryThrottling"]["maxTokens"] == 2 * more_at_most


async def test_what_does_no_harm_a_second_time_is_sent_to_a_registry_again(
    registry: str, fake_registry: FakeRegistry
) -> None:
    fake_registry.is_down = True
    async with AsyncRegistry(registry) as client:
        for call in (
            client.list_models(),
            client.get_model("wine", "tree"),
            client.get_plan("wine"),
            client.list_plans("wine"),
            client.list_aliases("wine"),
            client.retire_model("wine", "tree", 1),  # twice is once
        ):
            fake_registry.calls = 0
            with pytest.raises(errors.Unavailable):
                await call
            assert fake_registry.calls == 4


async def test_a_registry_that_is_there_again_is_found_at_the_first_call(
    fake_registry: FakeRegistry,
) -> None:
    with served(fake_registry) as registry:
        client = AsyncRegistry(registry)
        await client.list_models()
    async with client:
        for _ in range(8):  # until gRPC takes its longest pauses between two looks
            with pytest.raises(errors.Unavailable):
                await client.list_models()
        with served(fake_registry, port=int(registry.rpartition(":")[2])):
            await client.list_models()


async def test_what_changes_a_registry_is_not_sent_again(
    registry: str, fake_registry: FakeRegistry
) -> None:
    fake_registry.is_down = True
    async with AsyncRegistry(registry) as client:
        for call in (
            client.apply_plan(Plan(data_type="wine")),
            client.push_model(b"<PMML/>", data_type="wine", name="tree", model_type="pmml"),
            client.set_tags("wine", "tree", 1, {"run": "1"}),
            client.delete_model("wine", "tree", 1),
            client.retry_model("wine", "tree", 1),
            client.set_alias("wine", "tree", 1, "champion"),
            client.rollback_alias("wine", "tree", "champion"),
            client.delete_alias("wine", "tree", "champion"),
            client.rollback_plan("wine"),
        ):
            fake_registry.calls = 0
            with pytest.raises(errors.Unavailable):
                await call
            assert fake_registry.calls == 1
