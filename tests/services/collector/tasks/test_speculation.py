"""Models that start later, for some of the records, twice or never; and what is told of all that."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.errors import InvalidInput
from hedgerow.v1 import collection_pb2 as pb
from services.collector.rules.rule import Value
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


def launch(desk: Desk, place: int, *task_ids: int) -> None:
    launches = [pb.Launch(model=place, task_ids=task_ids)]
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


async def test_a_result_that_overtakes_its_launch_counts(desk: Desk) -> None:
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
    for place in (1, 2):
        loss = pb.Loss(model=place, reason="its last host has gone", task_ids=[1], not_started=True)
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


async def test_only_news_of_a_voter_is_progress() -> None:
    desk = Desk("{consensus: {}}", "a b ~s")
    desk.session.take(opening_of(1, progress=True))
    desk.intake.take(report_of("s", {1: ["x"]}))
    for place in (2, 0, 0):
        loss = pb.Loss(model=place, reason="it died", task_ids=[1])
        desk.session.take(pb.CollectRequest(losses=[loss]))
    assert len(desk.progress) == 1
    assert desk.told() == [pb.TaskProgress(task_id=1, ended=0b101)]
    desk.intake.take(failure_of("b", 1))
    desk.decision()
    desk.assert_empty()


async def test_progress_that_waits_to_be_written_is_dropped_when_the_task_goes(desk: Desk) -> None:
    ends: tuple[Callable[[], None], ...] = (
        lambda: desk.session.take(pb.CollectRequest(cancelled=[1])),
        lambda: desk.session.take(opening_of(1)),
        desk.session.end,
    )
    for end in ends:
        desk.session.take(opening_of(1, progress=True))
        desk.intake.take(report_of("a", {1: ["x"]}))
        assert len(desk.progress) == 1
        end()
        assert desk.told() == []
    desk.unclaimed.claim(1)


async def test_doubt_starts_the_next_model_for_the_doubtful_records(desk: Desk) -> None:
    """A cascade, as the collector sees it: progress, launch, an answer to some, decided."""
    desk = Desk(SURE, "a b")
    desk.session.take(opening_of(1, rows=3, versions=[1, 1], held=B, progress=True))
    request = report_of("a", {1: ["x", "y", "z"]}, confidence=0.95)
    request.predictions.confidences = struct.pack("<3d", 0.95, 0.5, 0.99)
    desk.intake.take(request)
    assert desk.told() == [pb.TaskProgress(task_id=1, ended=0b01, undecided=[1])]
    launch(desk, 1, 1)
    desk.intake.take(report_of("b", {1: ["w"]}, confidence=0.7, records=[1]))
    decision = desk.decision().decision
    assert answers(decision) == ["x", "w", "z"]
    assert reasons(decision) == ["GOOD_ENOUGH", "BEST_QUALITY", "GOOD_ENOUGH"]
    assert [report.records for report in decision.models] == [3, 1]
    assert desk.told() == []
    desk.assert_empty()


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


async def test_a_model_says_nothing_of_records_it_was_not_asked_for() -> None:
    desk = Desk(SURE, "a b")
    desk.session.take(opening_of(1, rows=3, versions=[1, 1], held=B))
    desk.intake.take(report_of("a", {1: ["x", "x", "x"]}, confidence=0.5))
    desk.intake.take(report_of("b", {1: ["y"]}, confidence=0.7, records=[1]))
    (task,) = desk.decided
    answer = task.model_answers[1]
    assert answer is not None
    assert answer.values(3) == [None, "y", None]
    assert answer.confidences_or_zero(3) == [0.0, 0.7, 0.0]
    assert answer.confidence_array(3).tolist() == [0.0, 0.7, 0.0]
    assert answers(desk.decision().decision) == ["x", "y", "x"]
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


async def test_a_model_whose_first_host_was_lost_answers_from_the_second(desk: Desk) -> None:
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


async def test_only_who_opened_a_task_can_cancel_it(desk: Desk) -> None:
    other = desk.new_session(desk.plan)
    desk.session.take(opening_of(1))
    other.take(pb.CollectRequest(cancelled=[1]))
    assert (desk.session.open, other.open) == (1, 0)
    desk.session.take(pb.CollectRequest(cancelled=[1]))
    assert not len(desk.open_tasks)
    assert not desk.decided


async def test_a_plan_given_again_under_its_number_holds_from_then_on(desk: Desk) -> None:
    desk.session.take(opening_of(1))
    other = Desk("{timeout: {}}").plan
    desk.session.take(pb.CollectRequest(plans=[pb.PlanDefinition(key=1, plan=other)]))
    desk.session.take(opening_of(2))
    desk.intake.take(report_of("a", {1: ["x"], 2: ["x"]}))
    assert reasons(desk.decision().decision) == ["PREFERRED"]  # of task 2
    desk.intake.take(report_of("b", {1: ["x"]}))
    assert reasons(desk.decision().decision) == ["CONSENSUS"]
