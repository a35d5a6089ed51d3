"""What a request may say in place of its plan: policy, strategy and deadline."""

from __future__ import annotations

import pytest

from hedgerow.errors import NoAnswer
from tests.end_to_end.asking import plan, reports, score_one, states
from tests.end_to_end.conftest import Mesh
from tests.end_to_end.test_mesh import RECORD, SECOND, consensus

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_request_brings_a_policy_and_a_strategy_of_its_own(
    mesh: Mesh, data_type: str
) -> None:
    await mesh.serve(data_type, "best", value="x", classes=["x", "y"])
    await mesh.serve(data_type, "other", value="y", classes=["x", "y"])
    await mesh.serve(data_type, "third", value="y", classes=["x", "y"])
    await mesh.apply(consensus(data_type, "best", "other", "third", deadline="20s"))
    by_plan = await mesh.client.score(data_type, RECORD)
    assert (by_plan.value, by_plan.reason) == ("y", "consensus")
    by_policy = await mesh.client.score(data_type, RECORD, policy={"timeout": {}})
    assert (by_policy.value, by_policy.reason) == ("x", "preferred")
    by_both = await mesh.client.score(
        data_type,
        [RECORD],
        policy={"timeout": {}},
        strategy={"starts": {"other": "on_doubt", "third": "10s"}},
    )
    assert states(reports(by_both)) == {
        "best": "answered",
        "other": "not_started",
        "third": "not_started",
    }
    by_plan = await mesh.client.score(data_type, RECORD)
    assert (by_plan.value, by_plan.reason) == ("y", "consensus")


async def test_an_empty_strategy_of_a_request_starts_everything_at_once(
    mesh: Mesh, data_type: str
) -> None:
    await mesh.serve(data_type, "one", value="x")
    await mesh.serve(data_type, "two", value="x")
    models = "{name: one}, {name: two, start: on_doubt}"
    await mesh.apply(plan(data_type, models, "quality: {by: confidence, good_enough: 0}"))
    _, models_did = await score_one(mesh, data_type, RECORD)
    assert states(models_did)["two"] == "not_started"
    answers = await mesh.client.score(
        data_type, [RECORD], strategy={}, policy={"quality": {"by": "confidence"}}
    )
    assert states(reports(answers)) == {"one": "answered", "two": "answered"}


async def test_a_request_brings_a_longer_or_a_shorter_deadline(mesh: Mesh, data_type: str) -> None:
    await mesh.serve(data_type, "slow", value="x", delay_seconds=0.5)
    await mesh.apply(plan(data_type, "{name: slow}", "timeout: {}", deadline="100ms"))
    with pytest.raises(NoAnswer, match="slow@1 LATE"):
        await mesh.client.score(data_type, RECORD)
    longer = await mesh.client.score(data_type, RECORD, deadline=20 * SECOND)
    assert longer.value == "x"
    await mesh.apply(plan(data_type, "{name: slow}", "timeout: {}, default: {value: z}"))
    shorter = await mesh.client.score(data_type, RECORD, deadline=SECOND / 10)
    assert (shorter.value, shorter.reason) == ("z", "default")
