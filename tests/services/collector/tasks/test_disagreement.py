"""What the statistics tell of each model: whom it agrees with, what was spared and what was in vain."""

from __future__ import annotations

import pytest

from hedgerow.v1 import collection_pb2 as pb
from services.collector.rules.verdict import Value
from tests.services.collector.harness import Desk, failure_of, opening_of, plan_of, report_of
from tests.services.decisions import answers

C = 0b100


def counted(desk: Desk, model: str) -> tuple[int, int, int]:
    counts = desk.statistics.of("wine", model, 1)
    return counts.records, counts.agreed, counts.alone


@pytest.mark.parametrize("times", [1, 10])
async def test_who_agrees_and_who_is_alone(desk: Desk, times: int) -> None:
    """Of one record after the other, and in columns."""
    said: dict[str, list[Value]] = {
        "a": ["x", "x", "x", None],
        "b": ["x", "y", "x", None],
        "c": ["x", "y", "z", "z"],
    }
    desk = Desk("{consensus: {quorum: all}}")
    desk.session.take(opening_of(1, rows=4 * times))
    for model, values in said.items():
        desk.intake.take(report_of(model, {1: values * times}))
    assert answers(desk.decision().decision) == ["x", "y", "x", "z"] * times
    assert counted(desk, "a") == (4 * times, 2 * times, 1 * times)
    assert counted(desk, "b") == (4 * times, 3 * times, 0)
    assert counted(desk, "c") == (4 * times, 3 * times, 1 * times)  # with z nobody else answered
    desk.assert_empty()


@pytest.mark.parametrize("times", [1, 10])
async def test_numbers_agree_within_the_tolerance(times: int) -> None:
    desk = Desk("{consensus: {quorum: all, tolerance: 0.5}}")
    desk.session.take(opening_of(1, rows=2 * times))
    said: dict[str, list[Value]] = {"a": [1.0, 1.0], "b": [1.4, 1.2], "c": [3.0, -0.0]}
    for model, values in said.items():
        desk.intake.take(report_of(model, {1: values * times}))
    desk.decision()
    assert counted(desk, "a") == (2 * times, 2 * times, 0)
    assert counted(desk, "b") == (2 * times, 2 * times, 0)
    assert counted(desk, "c") == (2 * times, 0, 2 * times)
    desk.assert_empty()


async def test_numbers_without_a_tolerance_agree_when_they_are_equal(desk: Desk) -> None:
    desk.session.take(opening_of(1, rows=20))
    desk.intake.take(report_of("a", {1: [0.0] * 20}))
    desk.intake.take(report_of("b", {1: [-0.0] * 20}))
    desk.decision()
    assert counted(desk, "b") == (20, 20, 0)


@pytest.mark.parametrize("times", [1, 20])
async def test_a_default_is_compared_like_any_answer_and_nothing_agrees_with_none(
    times: int,
) -> None:
    for default, agreed in (("', default: {value: s}'", times), ("''", 0)):
        desk = Desk(f"{{timeout: {{}}{default.strip(chr(39))}}}", "a ~s")
        desk.session.take(opening_of(1, rows=times, versions=[1, 1]))
        desk.intake.take(report_of("s", {1: ["s"] * times}))
        desk.intake.take(failure_of("a", 1))
        desk.decision()
        assert counted(desk, "s") == (times, agreed, 0)
        desk.assert_empty()


async def test_who_comes_after_the_decision_is_late_and_is_compared_all_the_same(
    desk: Desk,
) -> None:
    desk.session.take(opening_of(1, 2))
    for model in "ab":
        desk.intake.take(report_of(model, {1: ["x"], 2: ["x"]}))
    desk.decided.clear()
    desk.intake.take(report_of("c", {1: ["x"], 2: ["y"]}))
    assert counted(desk, "c") == (2, 1, 0)
    counts = desk.statistics.of("wine", "c", 1)
    assert (counts.answered, counts.late, counts.cancelled) == (0, 2, 2)
    assert counts.wasted == pytest.approx(0.003)


async def test_a_shadow_is_never_late() -> None:
    desk = Desk("{timeout: {}}", "a ~s")
    desk.session.take(opening_of(1, 2, 3, versions=[1, 1]))
    desk.intake.take(report_of("s", {1: ["x"]}))
    desk.intake.take(report_of("a", {1: ["x"], 2: ["x"], 3: ["x"]}))
    assert desk.decided[1].id == 2
    desk.intake.take(report_of("s", {2: ["x"], 3: ["y"]}))
    counts = desk.statistics.of("wine", "s", 1)
    assert (counts.answered, counts.late, counts.cancelled, counts.wasted) == (3, 0, 0, 0.0)
    assert counted(desk, "s") == (3, 2, 0)
    assert counts.to_proto().shadow
    assert not desk.statistics.of("wine", "a", 1).shadow
    desk.assert_empty()


async def test_a_late_answer_to_some_of_the_records_is_compared_with_those(desk: Desk) -> None:
    desk.session.take(opening_of(1, rows=3, held=C))
    desk.intake.take(report_of("a", {1: ["x", "y", "z"]}))
    desk.intake.take(report_of("b", {1: ["x", "y", "z"]}))
    desk.intake.take(report_of("c", {1: ["y", "x"]}, records=[1, 2]))
    assert counted(desk, "c") == (2, 1, 0)
    desk.decided.clear()


@pytest.mark.parametrize("rows", [1, 3, 20])
async def test_a_second_host_that_comes_after_the_decision_is_not_compared_again(
    desk: Desk, rows: int
) -> None:
    desk.session.take(opening_of(1, rows=rows))
    for model in "abacc":
        desk.intake.take(report_of(model, {1: ["x"] * rows}))
    desk.decision()
    assert counted(desk, "a") == counted(desk, "b") == counted(desk, "c") == (rows, rows, 0)
    first, third = (desk.statistics.of("wine", model, 1) for model in "ac")
    assert (first.answered, first.late, third.answered, third.late) == (1, 1, 0, 2)
    assert first.wasted == pytest.approx(0.003)


async def test_where_models_have_replicas_a_second_answer_is_not_taken_for_an_early_one() -> None:
    desk = Desk("{timeout: {}}", "a")
    desk.plan.strategy.replica_hedge.quantile = 0.95
    desk.session.take(pb.CollectRequest(plans=[pb.PlanDefinition(key=1, plan=desk.plan)]))
    desk.session.take(opening_of(1, versions=[1]))
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.decision()
    assert not len(desk.unclaimed)
    assert desk.late("a") == 1
    assert counted(desk, "a") == (1, 1, 0)
    desk.assert_empty()


@pytest.mark.parametrize("rows", [3, 20])
async def test_a_batch_that_comes_late_is_compared_record_by_record(rows: int) -> None:
    desk = Desk("{timeout: {}, default: {value: y}}")
    desk.session.take(opening_of(1, rows=rows))
    desk.intake.take(report_of("a", {1: ["x", None, "z"] + ["x"] * (rows - 3)}))
    for model in "bc":
        desk.intake.take(failure_of(model, 1))
    assert answers(desk.decision().decision)[:3] == ["x", "y", "z"]
    desk.session.take(opening_of(2, rows=rows))
    desk.intake.take(report_of("a", {2: ["x"] * rows}))
    desk.intake.take(report_of("b", {2: [None, "y"] + ["x"] * (rows - 2)}))
    desk.intake.take(report_of("c", {2: ["x", "y"]}, records=[0, 2]))
    assert counted(desk, "b") == (rows, rows - 2, 0)
    assert counted(desk, "c") == (2, 1, 0)
    desk.decided.clear()
    desk.assert_empty()


@pytest.mark.parametrize("rows", [1, 3, 20])
async def test_late_numbers_agree_within_the_tolerance(rows: int) -> None:
    desk = Desk("{consensus: {quorum: 2, tolerance: 10%}}", "a b c d")
    desk.session.take(opening_of(1, rows=rows, versions=[1] * 4))
    for model, number in {"a": 10.0, "b": 10.0, "c": 11.0, "d": 11.2}.items():
        desk.intake.take(report_of(model, {1: [number] * rows}))
    desk.decision()
    assert counted(desk, "c") == (rows, rows, 0)
    assert counted(desk, "d") == (rows, 0, 0)
    desk.assert_empty()


@pytest.mark.parametrize("rows", [2, 20])
async def test_labels_and_numbers_never_agree(rows: int) -> None:
    desk = Desk("{consensus: {quorum: all, tolerance: 1}}")
    desk.session.take(opening_of(1, rows=rows))
    said: dict[str, list[Value]] = {"a": ["1"] * rows, "b": [1.0] * rows, "c": [1.5] * rows}
    for model, values in said.items():
        desk.intake.take(report_of(model, {1: values}))
    desk.decision()
    assert counted(desk, "a") == (rows, 0, rows)
    assert counted(desk, "b") == counted(desk, "c") == (rows, rows, 0)
    desk.assert_empty()


async def test_whether_a_late_model_is_a_shadow_is_a_matter_of_the_task_s_plan() -> None:
    """The same model may be a shadow in one plan and vote in another at the same time."""
    desk = Desk("{timeout: {}}", "a ~s")
    voting = plan_of("{timeout: {}}", "a s")
    desk.session.take(pb.CollectRequest(plans=[pb.PlanDefinition(key=2, plan=voting)]))
    desk.session.take(opening_of(1, versions=[1, 1]))
    desk.session.take(opening_of(2, versions=[1, 1], plan_key=2))
    counts = desk.statistics.of("wine", "s", 1)
    assert not counts.shadow
    desk.intake.take(report_of("a", {1: ["x"], 2: ["x"]}))
    desk.intake.take(report_of("s", {1: ["x"], 2: ["x"]}))
    assert (counts.answered, counts.late) == (1, 1)
    desk.session.take(opening_of(3, versions=[1, 1]))
    assert counts.shadow
    desk.intake.take(report_of("a", {3: ["x"]}))
    desk.intake.take(failure_of("s", 3))
    assert (counts.answered, counts.late, counts.failed) == (1, 1, 1)
    desk.decided.clear()
    desk.assert_empty()


async def test_of_a_task_that_was_cancelled_nothing_is_compared() -> None:
    desk = Desk("{consensus: {}}", "a b ~s")
    desk.session.take(opening_of(1))
    desk.session.take(pb.CollectRequest(cancelled=[1]))
    for model in "abs":
        desk.intake.take(report_of(model, {1: ["x"]}))
    assert counted(desk, "a") == counted(desk, "b") == counted(desk, "s") == (0, 0, 0)
    voter, shadow = (desk.statistics.of("wine", model, 1) for model in "as")
    assert (voter.answered, voter.late, voter.cancelled) == (0, 1, 0)
    assert (shadow.answered, shadow.late, shadow.wasted) == (1, 0, 0.0)
    assert not len(desk.unclaimed)
    desk.assert_empty()


async def test_a_task_that_nobody_answered_tells_nothing(desk: Desk) -> None:
    desk.session.take(opening_of(1, 2, held=C))
    desk.session.take(opening_of(3, rows=20))
    desk.pass_time(1)
    assert len(desk.decided) == 3
    assert counted(desk, "a") == (0, 0, 0)
    held = desk.statistics.of("wine", "c", 1)
    assert (held.not_started, held.cancelled) == (2, 0)


async def test_early_results_that_nobody_asked_for_were_in_vain(desk: Desk) -> None:
    desk.intake.take(report_of("a", {1: ["x"]}))
    for _ in range(2):
        desk.unclaimed.turn()
    assert desk.statistics.of("wine", "a", 1).wasted == pytest.approx(0.003)
