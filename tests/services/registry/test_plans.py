"""Plans."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import grpc
import pytest

from hedgerow.v1.plans_pb2 import Plan, PlanModel, Policy
from hedgerow.v1.rules_pb2 import ConsensusRule, Quorum, Rule
from tests.services.registry.harness import Client, described, plan_of


@pytest.fixture
async def stocked(client: Client) -> Client:
    """A registry with two versions of a tree, and a net."""
    await client.push(described("tree"), b"1")
    await client.push(described("tree"), b"2")
    await client.push(described("net"))
    return client


async def test_without_a_plan_the_default_is_in_force(stocked: Client) -> None:
    plan = await stocked.plan()
    assert plan.revision == 0
    assert [model.name for model in plan.models] == ["net", "tree"]
    assert plan.policy.deadline.ToTimedelta() == timedelta(milliseconds=100)


async def test_a_plan_is_in_force_once_it_is_applied(stocked: Client) -> None:
    plan = await stocked.apply(plan_of("tree@1", "net"))
    assert plan.revision == 1
    assert plan.applied_at.seconds > 0
    assert [(model.name, model.version) for model in plan.models] == [("tree", 1), ("net", 0)]
    assert await stocked.plan() == plan


async def test_each_plan_is_a_revision_and_the_one_in_force_is_none(stocked: Client) -> None:
    revisions = [
        (await stocked.apply(plan)).revision
        for plan in (plan_of("tree"), plan_of("tree"), plan_of("net"), plan_of("tree"))
    ]
    assert revisions == [1, 1, 2, 3]


async def test_a_plan_keeps_its_strategy_and_another_strategy_is_another_revision(
    stocked: Client,
) -> None:
    plan = plan_of("net", "tree@1", "tree@2")
    plan.strategy.starts["tree@1"].on_doubt = True
    plan.strategy.starts["tree@2"].after.quantile = 0.95
    plan.strategy.parallelism = 2
    first = await stocked.apply(plan)
    assert (first.revision, first.strategy) == (1, plan.strategy)
    assert await stocked.plan() == first
    plan.strategy.parallelism = 1
    assert (await stocked.apply(plan)).revision == 2
    plan.ClearField("strategy")
    assert (await stocked.apply(plan)).revision == 3


async def test_the_same_starts_in_another_order_are_the_same_plan(stocked: Client) -> None:
    for names in (("tree@1", "tree@2"), ("tree@2", "tree@1")):
        plan = plan_of("net", "tree@1", "tree@2")
        for name in names:
            plan.strategy.starts[name].on_doubt = True
        assert (await stocked.apply(plan)).revision == 1


async def test_a_strategy_that_contradicts_the_plan_is_refused(stocked: Client) -> None:
    plan = plan_of("net", "tree")
    plan.strategy.starts["oak"].on_doubt = True
    message = "strategy.starts.oak: 'oak' is not in the plan; there are net, tree"
    await assert_refused(stocked, plan, grpc.StatusCode.INVALID_ARGUMENT, message)


async def test_what_the_registry_sets_is_ignored_in_what_is_sent(stocked: Client) -> None:
    first = await stocked.apply(plan_of("tree"))
    again = plan_of("tree")
    again.revision = 77
    again.applied_at.seconds = 1
    again.applied_by.name = "nobody"
    again.restores = 3
    assert await stocked.apply(again) == first
    again.keep_warm = 1
    applied = await stocked.apply(again)
    assert (applied.revision, applied.restores, applied.applied_by.name) == (2, 0, "")


async def test_applying_the_default_plan_makes_a_revision_of_it(stocked: Client) -> None:
    assert (await stocked.apply(await stocked.plan())).revision == 1


async def test_plans_applied_at_once_get_a_revision_each(stocked: Client) -> None:
    plans = [plan_of("tree"), plan_of("net"), plan_of("tree", "net"), plan_of("net", "tree")]
    applied = await asyncio.gather(*(stocked.apply(plan) for plan in plans))
    assert sorted(plan.revision for plan in applied) == [1, 2, 3, 4]


async def test_the_state_has_the_plans_in_force(stocked: Client) -> None:
    await stocked.push(described("knn", data_type="iris"))
    applied = await stocked.apply(plan_of("tree"))
    state = await stocked.query()
    assert (state.service, bool(state.version), state.since.seconds > 0) == ("registry", True, True)
    assert [(plan.data_type, plan.revision) for plan in state.plans] == [("iris", 0), ("wine", 1)]
    assert list((await stocked.query("wine")).plans) == [applied]
    assert not (await stocked.query("beer")).plans


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (plan_of("tree", data_type="beer"), "no data type 'beer'; there are: wine"),
        (plan_of("tree", "forest"), "no model 'forest'; there are: net, tree; in data type 'wine'"),
        (
            plan_of("tree@3"),
            "no version 'tree@3'; there are: tree@1 to tree@2; in data type 'wine'",
        ),
    ],
)
async def test_a_plan_may_name_only_what_exists(stocked: Client, plan: Plan, message: str) -> None:
    await assert_refused(stocked, plan, grpc.StatusCode.NOT_FOUND, message)


async def test_a_quorum_of_4_of_3_is_refused(stocked: Client) -> None:
    await stocked.push(described("forest"))
    models = [PlanModel(name=name) for name in ("tree", "net", "forest")]
    rule = Rule(consensus=ConsensusRule(quorum=Quorum(votes=4)))
    plan = Plan(data_type="wine", models=models, policy=Policy(rule=rule))
    message = "policy.consensus.quorum: 4 of 3 votes can never agree"
    await assert_refused(stocked, plan, grpc.StatusCode.INVALID_ARGUMENT, message)


async def test_a_plan_without_models_is_refused(stocked: Client) -> None:
    message = "models: there are none"
    await assert_refused(stocked, plan_of(), grpc.StatusCode.INVALID_ARGUMENT, message)


async def test_the_plan_of_an_unknown_data_type_is_not_found(stocked: Client) -> None:
    with pytest.raises(grpc.aio.AioRpcError, match="no data type 'beer'; there are: wine"):
        await stocked.plan("beer")


async def assert_refused(client: Client, plan: Plan, code: grpc.StatusCode, message: str) -> None:
    """Apply what is refused, and see that nothing has changed."""
    before = await client.plan()
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await client.apply(plan)
    assert refusal.value.code() is code
    assert message in (refusal.value.details() or "")
    assert await client.plan() == before
