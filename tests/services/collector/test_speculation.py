"""Models that start later, for some of the records, twice or never; and what is told of all that."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import InvalidInput
from hedgerow.v1 import collection_pb2 as pb
from services.collector.rules import Value
from tests.services.collector.harness import (
    Desk,
    answers,
    failure_of,
    opening_of,
    reasons,
    report_of,
    states,
)

SURE = "{quality: {by: confidence, good_enough: 0.9}}"
B, C = 0b010, 0b100


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    yield made
    made.assert_empty()


def launch(desk: Desk, slot: int, *task_ids: int) -> None:
    launches = [pb.Launch(model=slot, task_ids=task_ids)]
    desk.session.take(pb.CollectRequest(launches=launches))


# -- held models -----------------------------------------------------------------------------------------


async def test_a_held_model_that_is_not_needed_was_never_started(desk: Desk) -> None:
    desk.session.take(opening_of(1, held=C, progress=True))
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.intake.take(report_of("b", {1: ["x"]}))
    decided = desk.decision()
    assert states(decided.decision) == {"a": "ANSWERED", "b": "ANSWERED", "c": "NOT_STARTED"}
    assert decided.decision.models[2].failure == "not needed"
    assert not decided.outstanding
    assert desk.statistics.of("wine", "c", 1).not_started == 1
    assert desk.statistics.of("wine", "c", 1).cancelled == 0


async def test_a_held_model_counts_as_one_that_may_still_answer(desk: Desk) -> None:
    desk.session.take(opening_of(1, held=C, progress=True))
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.intake.take(report_of("b", {1: ["y"]}))
    assert not desk.decided  # with c there can be a quorum
    launch(desk, 2, 1)
    desk.intake.take(report_of("c", {1: ["y"]}))
    assert answers(desk.decision().decision) == ["y"]


async def test_a_result_that_overtakes_its_launch_is_heard(desk: Desk) -> None:
    desk.session.take(opening_of(1, held=B | C))
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.intake.take(report_of("b", {1: ["x"]}))
    assert states(desk.decision().decision)["b"] == "ANSWERED"
    launch(desk, 1, 1)


async def test_a_model_that_was_launched_and_is_out_is_cancelled(desk: Desk) -> None:
    desk.session.take(opening_of(1, held=C))
    launch(desk, 2, 1)
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.intake.take(report_of("b", {1: ["x"]}))
    decided = desk.decision()
    assert states(decided.decision)["c"] == "CANCELLED"
    assert decided.outstanding == C
    assert desk.statistics.of("wine", "c", 1).cancelled == 1


async def test_at_the_deadline_a_held_model_had_no_turn_and_others_are_late(desk: Desk) -> None:
    desk.session.take(opening_of(1, held=C))
    desk.pass_time(1)
    decided = desk.decision()
    assert states(decided.decision) == {"a": "LATE", "b": "LATE", "c": "NOT_STARTED"}
    assert "deadline" in decided.decision.models[2].failure
    assert decided.outstanding == 0b011
    assert desk.statistics.of("wine", "a", 1).cancelled == 0


async def test_a_model_that_has_no_time_is_not_waited_for(desk: Desk) -> None:
    desk.session.take(opening_of(1, no_time=B | C))
    desk.intake.take(report_of("a", {1: ["x"]}))
    decision = desk.decision().decision
    assert reasons(decision) == ["PLURALITY"]
    assert states(decision) == {"a": "ANSWERED", "b": "NOT_STARTED", "c": "NOT_STARTED"}
    assert decision.models[1].failure == "no time"
    assert desk.statistics.of("wine", "b", 1).not_started == 1


async def test_a_model_that_will_not_be_started_after_all_is_no_failure(desk: Desk) -> None:
    desk.session.take(opening_of(1, held=B | C))
    for slot in (1, 2):
        loss = pb.Loss(model=slot, reason="its last host has gone", task_ids=[1], not_started=True)
        desk.session.take(pb.CollectRequest(losses=[loss]))
    desk.intake.take(report_of("a", {1: ["x"]}))
    decision = desk.decision().decision
    assert states(decision)["b"] == "NOT_STARTED"
    assert decision.models[1].failure == "its last host has gone"
    assert desk.statistics.of("wine", "b", 1).failed == 0
    assert desk.statistics.of("wine", "b", 1).not_started == 1


async def test_a_launch_of_what_is_not_in_the_plan_ends_the_stream(desk: Desk) -> None:
    desk.session.take(opening_of(1))
    with pytest.raises(InvalidInput, match="model 3 of a plan of 3 was started"):
        launch(desk, 3, 1)
    launch(desk, 9, 77)  # a task that has ended is nobody's business
    desk.pass_time(1)
    desk.decision()


# -- progress --------------------------------------------------------------------------------------------


async def test_who_does_not_ask_is_told_no_progress(desk: Desk) -> None:
    desk.session.take(opening_of(1))
    desk.intake.take(report_of("a", {1: ["x"]}))
    assert desk.told() == []
    desk.intake.take(report_of("b", {1: ["x"]}))
    desk.decision()


async def test_each_end_of_a_model_that_decides_nothing_is_told(desk: Desk) -> None:
    desk.session.take(opening_of(1, progress=True))
    desk.intake.take(report_of("a", {1: ["x"]}))
    assert desk.told() == [pb.TaskProgress(task_id=1, ended=0b001)]
    desk.intake.take(failure_of("b", 1))
    assert desk.told() == [pb.TaskProgress(task_id=1, ended=0b011)]
    desk.intake.take(report_of("c", {1: ["x"]}))
    assert desk.told() == []
    desk.decision()


async def test_what_was_decided_meanwhile_has_no_progress(desk: Desk) -> None:
    desk.session.take(opening_of(1, progress=True))
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.intake.take(report_of("b", {1: ["x"]}))
    assert len(desk.progress) == 1
    assert desk.told() == []
    desk.decision()


async def test_progress_says_how_it_is_now_and_once(desk: Desk) -> None:
    desk.session.take(opening_of(1, progress=True, rows=3))
    desk.intake.take(report_of("a", {1: ["x", "x", "y"]}))
    desk.intake.take(failure_of("b", 1))
    assert desk.told() == [pb.TaskProgress(task_id=1, ended=0b011)]  # none of three is decided
    desk.intake.take(report_of("c", {1: ["x", "x", "y"]}))
    desk.decision()


async def test_the_records_that_are_left_are_named(desk: Desk) -> None:
    desk.session.take(opening_of(1, progress=True, rows=4, held=C))
    desk.intake.take(report_of("a", {1: ["x", "x", "y", "z"]}))
    desk.told()
    desk.intake.take(report_of("b", {1: ["x", "y", "y", "x"]}))
    assert desk.told() == [pb.TaskProgress(task_id=1, ended=0b011, undecided=[1, 3])]
    launch(desk, 2, 1)
    desk.intake.take(report_of("c", {1: ["x", "z"]}, records=[1, 3]))
    decision = desk.decision().decision
    assert answers(decision) == ["x", "x", "y", "z"]
    assert [model.records for model in decision.models] == [4, 4, 2]
    assert desk.statistics.of("wine", "c", 1).records == 2


async def test_a_task_whose_started_models_have_ended_before_it_was_opened_says_so(
    desk: Desk,
) -> None:
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.session.take(opening_of(1, progress=True, held=B | C))
    assert desk.told() == [pb.TaskProgress(task_id=1, ended=0b001)]
    desk.session.take(opening_of(2, progress=True, held=B | C, versions=[0, 1, 1]))
    assert desk.told() == [pb.TaskProgress(task_id=2, ended=0b001)]
    desk.pass_time(1)
    assert len(desk.decided) == 2


# -- some of the records ---------------------------------------------------------------------------------


async def test_what_a_model_said_of_some_records_is_explained_for_all(desk: Desk) -> None:
    desk.session.take(opening_of(1, rows=4, explain=True, held=C))
    desk.intake.take(report_of("a", {1: ["x", "x", "y", "y"]}))
    desk.intake.take(report_of("b", {1: ["x", "y", "y", "x"]}))
    desk.intake.take(report_of("c", {1: [None, "x"]}, records=[1, 3], confidence=0.5))
    decision = desk.decision().decision
    assert answers(decision) == ["x", "x", "y", "x"]
    said = decision.models[2].predictions
    assert list(said.absent) == [0, 1, 2]
    assert said.labels.classes[said.labels.indexes[3]] == "x"


@pytest.mark.parametrize(
    ("records", "why"),
    [
        ([0], "2 records and named 1"),
        ([1, 0], "named records that the 3 of the task are not"),
        ([1, 1], "named records that the 3 of the task are not"),
        ([1, 3], "named records that the 3 of the task are not"),
        ([], "it answered 2 of 3 records"),
    ],
)
async def test_records_that_make_no_sense_are_the_models_failure(
    desk: Desk, records: list[int], why: str
) -> None:
    desk.session.take(opening_of(1, rows=3))
    desk.intake.take(report_of("c", {1: ["x", "y"]}, records=records))
    for model in "ab":
        desk.intake.take(report_of(model, {1: ["x", "x", "x"]}))
    decision = desk.decision().decision
    assert states(decision)["c"] == "FAILED"
    assert why in decision.models[2].failure


values_ = st.sampled_from(["x", "y", None])


@given(st.data(), st.sampled_from([3, 40]))
async def test_a_part_of_the_records_is_decided_as_if_each_were_alone(
    data: st.DataObject, rows: int
) -> None:
    """In columns and one by one, whatever the third model is asked for."""
    said: dict[str, list[Value]] = {
        model: data.draw(st.lists(values_, min_size=rows, max_size=rows)) for model in "abc"
    }
    desk = Desk()
    desk.session.take(opening_of(1, rows=rows, held=C, progress=True))
    for model in "ab":
        desk.intake.take(report_of(model, {1: said[model]}))
    if not desk.decided:
        (told,) = desk.told()
        left = list(told.undecided) or list(range(rows))
        desk.intake.take(
            report_of("c", {1: [said["c"][row] for row in left]}, records=list(told.undecided))
        )
    together = desk.decision().decision
    for row in range(rows):
        desk.session.take(opening_of(2, held=C))
        for model in "abc":
            desk.intake.take(report_of(model, {2: [said[model][row]]}))
        alone = desk.decision().decision
        assert answers(alone) == [answers(together)[row]]
        assert alone.reasons[0] == together.reasons[row]
        assert alone.answered_by[0] == together.answered_by[row]
    desk.assert_empty()


# -- sent twice, cancelled -------------------------------------------------------------------------------


async def test_what_a_model_says_twice_counts_once_in_votes_too(desk: Desk) -> None:
    desk.session.take(opening_of(1))
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.intake.take(report_of("a", {1: ["x"]}))
    assert not desk.decided
    desk.intake.take(report_of("b", {1: ["y"]}))
    desk.intake.take(report_of("c", {1: ["y"]}))
    assert answers(desk.decision().decision) == ["y"]
    counts = desk.statistics.of("wine", "a", 1)
    assert (counts.answered, counts.late, counts.records) == (1, 0, 1)
    assert counts.wasted == pytest.approx(0.003)


async def test_a_model_whose_first_host_was_lost_is_heard_from_the_second(desk: Desk) -> None:
    desk.session.take(opening_of(1))
    loss = pb.Loss(model=0, reason="it died", task_ids=[1])
    desk.session.take(pb.CollectRequest(losses=[loss]))
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.intake.take(report_of("b", {1: ["x"]}))
    assert states(desk.decision().decision)["a"] == "ANSWERED"


async def test_a_cancelled_task_ends_without_a_decision(desk: Desk) -> None:
    desk.session.take(opening_of(1, 2))
    desk.intake.take(report_of("a", {1: ["x"], 2: ["x"]}))
    desk.session.take(pb.CollectRequest(cancelled=[1, 99]))
    desk.intake.take(report_of("b", {1: ["x"], 2: ["x"]}))
    assert [task.id for task in desk.decided] == [2]
    assert desk.session.open == 0
    assert desk.late("b") == 1
    assert desk.statistics.of("wine", "b", 1).wasted == pytest.approx(0.0015)


async def test_a_plan_given_again_under_its_number_holds_from_then_on(desk: Desk) -> None:
    desk.session.take(opening_of(1))
    other = Desk("{timeout: {}}").plan
    desk.session.take(pb.CollectRequest(plans=[pb.PlanDefinition(key=1, plan=other)]))
    desk.session.take(opening_of(2))
    desk.intake.take(report_of("a", {1: ["x"], 2: ["x"]}))
    assert reasons(desk.decision().decision) == ["PREFERRED"]  # of task 2
    desk.intake.take(report_of("b", {1: ["x"]}))
    assert reasons(desk.decision().decision) == ["CONSENSUS"]


# -- what disagreement tells -----------------------------------------------------------------------------


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
    assert counted(desk, "c") == (4 * times, 3 * times, 1 * times)  # with z nobody else was heard
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


async def test_a_model_says_nothing_of_records_it_was_not_asked_for() -> None:
    desk = Desk(SURE, "a b")
    desk.session.take(opening_of(1, rows=3, versions=[1, 1], held=B))
    desk.intake.take(report_of("a", {1: ["x", "x", "x"]}, confidence=0.5))
    desk.intake.take(report_of("b", {1: ["y"]}, confidence=0.7, records=[1]))
    (task,) = desk.decided
    part = task.parts[1]
    assert part is not None
    assert part.values(3) == [None, "y", None]
    assert part.trusted(3) == part.trust(3).tolist() == [0.0, 0.7, 0.0]
    assert answers(desk.decision().decision) == ["x", "y", "x"]
    desk.assert_empty()
