"""Plans are versions too: expected revisions, history, going back, and what a plan would change."""

from __future__ import annotations

import grpc
import pytest

from hedgerow.v1.models_pb2 import VERSION_STATE_LIVE, VersionName
from hedgerow.v1.plans_pb2 import Plan
from hedgerow.v1.registry_pb2 import ApplyPlanRequest, ApplyPlanResponse, GetPlanRequest
from services.common.log import Log
from tests.cluster import on_both
from tests.services.common.events import abandoned, reported
from tests.services.registry.harness import (
    Client,
    assert_refused,
    described,
    measured,
    plan_of,
)
from tests.services.registry.test_aliases import failed
from tests.support import wait_until

REFUSED, INVALID = grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND, ABORTED = grpc.StatusCode.NOT_FOUND, grpc.StatusCode.ABORTED


@pytest.fixture
async def stocked(client: Client) -> Client:
    """A registry with three versions of a tree, and a net."""
    for data in (b"1", b"2", b"3"):
        await client.push(described(), data)
    await client.push(described("net"))
    return client


async def apply(
    client: Client, plan: Plan, expected: int | None = None, dry_run: bool = False, by: str = "ann"
) -> ApplyPlanResponse:
    request = ApplyPlanRequest(plan=plan, expected_revision=expected, dry_run=dry_run)
    metadata = [("hedgerow-caller", by)]
    response: ApplyPlanResponse = await client.stub.ApplyPlan(request, metadata=metadata)
    return response


def pins(plan: Plan) -> list[str]:
    return [f"{model.name}@{model.version}" for model in plan.models]


async def test_who_expects_another_revision_changes_nothing(stocked: Client) -> None:
    assert (await apply(stocked, plan_of("tree"), expected=0)).plan.revision == 1
    message = (
        "revision 1 of the plan of wine is in force, and not 0: somebody applied another one meanwhile;"
        " look at it, then apply yours again"
    )
    for plan in (plan_of("net"), plan_of("tree")):
        await assert_refused(apply(stocked, plan, expected=0), ABORTED, message)
    assert (await apply(stocked, plan_of("net"), expected=1)).plan.revision == 2
    message = message.replace("revision 1", "revision 2").replace("not 0", "not 1")
    await assert_refused(stocked.roll_plan_back(1, expected=1), ABORTED, message)
    assert (await stocked.roll_plan_back(expected=2)).revision == 3


async def test_a_dry_run_changes_nothing_and_says_what_loads_and_what_ends(
    stocked: Client, log: Log
) -> None:
    await log.models.report("wine", reported("tree@1"))

    async def live() -> bool:
        return (await stocked.life("tree@1")).state == VERSION_STATE_LIVE

    await wait_until(live, "the registry knows that it serves")
    await apply(stocked, plan_of("tree@1"))
    before = await stocked.plan()
    applied = await apply(stocked, plan_of("tree@2", "net"), dry_run=True)
    assert (applied.plan.revision, pins(applied.plan)) == (2, ["tree@2", "net@0"])
    assert list(applied.versions) == [2, 1]
    # The newest of each model is loaded in any case, and 1 ends once 2 serves.
    assert list(applied.loads) == [VersionName(name="tree", version=2)]
    assert list(applied.ends) == [VersionName(name="tree", version=1)]
    assert await stocked.plan() == before
    assert await stocked.plans() == [before]
    same = await apply(stocked, plan_of("tree@1"), dry_run=True)
    assert (same.plan, list(same.loads), list(same.ends)) == (before, [], [])
    really = await apply(stocked, plan_of("tree@2", "net"))
    assert (really.versions, really.loads) == (applied.versions, applied.loads)
    assert really.plan == await stocked.plan()
    back = await apply(stocked, plan_of("tree@1"), dry_run=True)
    assert list(back.ends) == [VersionName(name="tree", version=2)]
    await assert_refused(
        apply(stocked, plan_of("tree@9"), dry_run=True),
        NOT_FOUND,
        "no version 'tree@9'; there are: tree@1 to tree@3; in data type 'wine'",
    )


@on_both
async def test_the_history_has_each_revision_and_who_applied_it(stocked: Client) -> None:
    assert await stocked.plans() == []
    first = (await apply(stocked, plan_of("tree@1"), by="ann")).plan
    second = (await apply(stocked, plan_of("net"), by="bob")).plan
    assert await stocked.plans() == [first, second]
    assert [plan.applied_by.name for plan in (first, second)] == ["ann", "bob"]
    found = await stocked.stub.GetPlan(GetPlanRequest(data_type="wine", revision=1))
    assert (found.plan, list(found.lines)) == (first, [])
    await assert_refused(
        stocked.stub.GetPlan(GetPlanRequest(data_type="wine", revision=3)),
        NOT_FOUND,
        "no revision '3'; there are: 1, 2; of the plan of wine",
    )


@on_both
async def test_a_rollback_goes_back_step_by_step_and_never_to_what_it_left(
    stocked: Client,
) -> None:
    for version in (1, 2, 3):
        await stocked.apply(plan_of(f"tree@{version}"))
    back = await stocked.roll_plan_back()
    assert (back.revision, back.restores, pins(back)) == (4, 2, ["tree@2"])
    back = await stocked.roll_plan_back()
    assert (back.revision, back.restores, pins(back)) == (5, 1, ["tree@1"])
    message = (
        "the plan of wine has no revision before 1 to go back to; `hedgerow plan history wine` lists"
        " those there are"
    )
    await assert_refused(stocked.roll_plan_back(), REFUSED, message)
    assert (await stocked.apply(plan_of("net"))).revision == 6
    back = await stocked.roll_plan_back()
    assert (back.revision, back.restores, pins(back)) == (7, 1, ["tree@1"])
    await assert_refused(stocked.roll_plan_back(), REFUSED, message)
    forth = await stocked.roll_plan_back(3)
    assert (forth.revision, forth.restores, pins(forth)) == (8, 3, ["tree@3"])
    assert (await stocked.roll_plan_back()).restores == 1


async def test_there_is_nothing_to_go_back_to_before_a_plan_was_applied(stocked: Client) -> None:
    message = (
        "nobody has applied a plan to wine yet: the default plan is in force, and there is nothing to go"
        " back to"
    )
    await assert_refused(stocked.roll_plan_back(), REFUSED, message)
    await assert_refused(
        stocked.roll_plan_back(4),
        NOT_FOUND,
        "no revision '4'; there are: none yet; of the plan of wine",
    )


async def test_a_revision_that_cannot_be_carried_out_any_more_is_not_gone_back_to(
    stocked: Client,
) -> None:
    await stocked.apply(plan_of("tree@1"))
    await stocked.apply(plan_of("tree@2"))
    await stocked.retire("tree@1")
    message = (
        "revision 1 of the plan of wine cannot be put into force again: tree@1 is retired and never serves"
        " again; push it again for a new version; `hedgerow plan history wine` lists the others"
    )
    await assert_refused(stocked.roll_plan_back(), REFUSED, message)


async def test_a_plan_that_pins_what_cannot_serve_is_refused(stocked: Client, log: Log) -> None:
    await failed(stocked, log, "tree@1")
    message = (
        "tree@1 cannot serve: no such tensor; mend what is wrong, then"
        " `hedgerow models retry wine/tree@1`"
    )
    await assert_refused(stocked.apply(plan_of("tree@1")), REFUSED, message)
    await stocked.alias("tree@2")
    await failed(stocked, log, "tree@2")
    message = message.replace("tree@1", "tree@2")
    await assert_refused(stocked.apply(plan_of("tree@champion")), REFUSED, message)
    await failed(stocked, log, "tree@3")
    assert (await stocked.apply(plan_of("tree"))).revision == 1  # there will be newer ones


async def test_models_that_cannot_be_ranked_by_the_metric_of_a_plan_are_refused(
    client: Client,
) -> None:
    await client.push(described(), b"1")
    await client.push(measured(0.9), b"2")
    await client.push(described(), b"3")
    await client.push(measured(0.8, "net", "f1"))
    error = measured(3, "oak")
    error.metrics[0].lower_is_better = True
    error.metrics.add(name="f1", value=0.5, data_set="may")
    error.metrics.add(name="f1", value=0.6, data_set="june")
    await client.push(error)

    def ranked(*names: str, metric: str = "accuracy", data_set: str = "") -> Plan:
        plan = plan_of(*names)
        plan.policy.rule.quality.metric = metric
        plan.policy.rule.quality.data_set = data_set
        return plan

    rest = "rank by what all models have, or push"
    for plan, message in (
        (
            ranked("tree", "net"),
            f"no version of model 'net' has a metric 'accuracy'; it has f1; {rest} 'net' with it",
        ),
        (
            ranked("tree@1"),
            f"no version of model 'tree@1' has a metric 'accuracy'; it has none; {rest} 'tree@1' with it",
        ),
        (
            ranked("tree", data_set="may"),
            "no version of model 'tree' has a metric 'accuracy' on data set 'may'; it has accuracy;"
            f" {rest} 'tree' with it",
        ),
        (
            ranked("net", "oak", metric="f1"),
            "model oak@1: metric 'f1' was measured on several data sets: june, may; say which one in 'on'",
        ),
        (
            ranked("tree", "oak"),
            "metric 'accuracy' is better when higher of model 'tree' and when lower of 'oak'; rank by"
            " another one, or push one of the two anew",
        ),
    ):
        await assert_refused(client.apply(plan), INVALID, message)
    shadowed = ranked("tree", "net")
    shadowed.models[1].shadow = True
    await client.apply(shadowed)
    # 3 was pushed without it, and has that of 2: the plan in force can be applied again.
    assert (await client.apply(ranked("tree@3", "tree@2"))).revision == 2


async def test_what_was_given_up_of_a_plan_is_asked_for_anew_by_applying_it_or_by_a_retry(
    stocked: Client, log: Log
) -> None:
    await stocked.apply(plan_of("tree@1"))
    await stocked.apply(plan_of("tree@2"))
    before = await stocked.answers()
    assert before[0][:2] == (2, 1)

    async def given_up() -> bool:
        return (await stocked.answers())[0] == before[0][1:]

    await log.models.report("wine", abandoned("tree@2", 2))
    await wait_until(given_up, "the change is given up")
    assert (await stocked.apply(plan_of("tree@2"))).revision == 3
    assert await stocked.answers() == before
    await log.models.report("wine", abandoned("tree@2", 2))
    await wait_until(given_up, "the change is given up")
    await stocked.retry("tree@2")
    assert await stocked.answers() == before
    # What was only asked for anew says nothing else, and is nothing to go back to.
    assert (await stocked.roll_plan_back()).restores == 1
