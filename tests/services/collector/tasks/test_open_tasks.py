"""The life of a task: opened, reported on, decided, forgotten; and nothing is left of it."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable

import pytest

from hedgerow.errors import InvalidInput, InvalidPlan
from hedgerow.v1 import collection_pb2 as pb
from tests.services.collector.harness import (
    Desk,
    answers,
    failure_of,
    opening_of,
    plan_of,
    reasons,
    report_of,
    states,
)

DeskOf = Callable[..., Desk]


@pytest.fixture
async def desk_of() -> AsyncIterator[DeskOf]:
    """Makes a desk; after the test nothing may be left on it."""
    desks: list[Desk] = []

    def make(policy: str = "{consensus: {}}", models: str = "a b c") -> Desk:
        desks.append(Desk(policy, models))
        return desks[-1]

    yield make
    for desk in desks:
        desk.assert_empty()
        desk.open_tasks.close()


def finish(desk: Desk) -> None:
    """Let what is open run into its deadline."""
    desk.pass_time(3600)
    desk.decided.clear()


async def test_a_task_is_decided_when_the_policy_is_content(desk_of: DeskOf) -> None:
    desk = desk_of()
    desk.session.take(opening_of(1))
    desk.intake.take(report_of("c", {1: ["x"]}, confidence=0.75))
    assert not desk.decided
    desk.clock.now += 0.004
    desk.intake.take(report_of("a", {1: ["x"]}, confidence=0.5))
    decided = desk.decision()
    assert (decided.task_id, decided.deadline_reached) == (1, False)
    decision = decided.decision
    assert answers(decision) == ["x"]
    assert reasons(decision) == ["CONSENSUS"]
    assert list(decision.answered_by) == [0]
    assert list(decision.agreed) == [0b101]
    assert states(decision) == {"a": "ANSWERED", "b": "CANCELLED", "c": "ANSWERED"}


async def test_a_frame_holds_many_tasks(desk_of: DeskOf) -> None:
    desk = desk_of()
    desk.session.take(opening_of(1, 3))
    desk.session.take(opening_of(2, rows=2))
    tasks = {1: ["x"], 2: ["y", "z"], 3: ["w"]}
    for model in ("a", "b"):
        desk.intake.take(report_of(model, tasks))
    found = {}
    for task in list(desk.decided):
        desk.decided[:] = [task]
        decided = desk.decision()
        found[decided.task_id] = answers(decided.decision)
    assert found == tasks


async def test_the_records_of_a_batch_are_decided_each_by_its_own(desk_of: DeskOf) -> None:
    desk = desk_of("{consensus: {}, otherwise: {quality: {by: confidence}}, default: {value: w}}")
    desk.session.take(opening_of(1, rows=4))
    desk.intake.take(report_of("a", {1: ["x", "x", None, None]}, confidence=0.25))
    desk.intake.take(report_of("b", {1: ["x", "y", None, "y"]}, confidence=0.5))
    assert not desk.decided
    desk.intake.take(report_of("c", {1: ["z", "z", None, None]}, confidence=0.75))
    decision = desk.decision().decision
    # The first was decided by two of three before c was heard, so c cannot be among those who agree.
    assert answers(decision) == ["x", "z", "w", "y"]
    assert reasons(decision) == ["CONSENSUS", "BEST_QUALITY", "DEFAULT", "BEST_QUALITY"]
    assert list(decision.answered_by) == [0, 2, -1, 1]
    assert list(decision.agreed) == [0b011, 0b100, 0, 0b010]


async def test_at_the_deadline_what_is_undecided_is_decided(desk_of: DeskOf) -> None:
    desk = desk_of()
    desk.session.take(opening_of(1, deadline=0.05))
    desk.intake.take(report_of("b", {1: ["x"]}))
    desk.pass_time(0.04)
    assert not desk.decided
    desk.pass_time(0.01)
    decided = desk.decision()
    assert decided.deadline_reached
    assert reasons(decided.decision) == ["PLURALITY"]
    assert states(decided.decision) == {"a": "LATE", "b": "ANSWERED", "c": "LATE"}


async def test_records_decided_before_the_deadline_stand(desk_of: DeskOf) -> None:
    desk = desk_of()
    desk.session.take(opening_of(1, rows=2))
    desk.intake.take(report_of("b", {1: ["x", "y"]}))
    desk.intake.take(report_of("c", {1: ["x", "z"]}))
    desk.pass_time(0.05)
    decided = desk.decision()
    assert decided.deadline_reached
    assert answers(decided.decision) == ["x", "y"]
    assert reasons(decided.decision) == ["CONSENSUS", "PLURALITY"]


async def test_a_task_that_nobody_answered_ends_without_an_answer(desk_of: DeskOf) -> None:
    desk = desk_of()
    desk.session.take(opening_of(1, rows=2))
    desk.pass_time(0.05)
    decided = desk.decision()
    assert answers(decided.decision) == [None, None]
    assert reasons(decided.decision) == ["NO_ANSWER", "NO_ANSWER"]
    assert states(decided.decision) == {"a": "LATE", "b": "LATE", "c": "LATE"}


async def test_only_the_time_left_counts_and_not_the_router_s_clock(desk_of: DeskOf) -> None:
    desk = desk_of()
    desk.session.take(opening_of(1, deadline=0.2))
    desk.clock.now += 0.1
    desk.session.take(opening_of(2, deadline=0.05))
    desk.pass_time(0.05)
    assert desk.decision().task_id == 2
    desk.pass_time(0.05)
    assert desk.decision().task_id == 1


async def test_a_task_opened_after_its_deadline_is_decided_with_what_is_there(
    desk_of: DeskOf,
) -> None:
    desk = desk_of()
    desk.intake.take(report_of("c", {1: ["x"]}))
    desk.session.take(opening_of(1, deadline=-0.01))
    assert not desk.decided
    desk.pass_time(0)
    assert answers(desk.decision().decision) == ["x"]


async def test_a_result_that_overtook_its_opening_counts(desk_of: DeskOf) -> None:
    desk = desk_of()
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.intake.take(failure_of("c", 1))
    desk.session.take(opening_of(1))
    assert not desk.decided
    desk.intake.take(report_of("b", {1: ["x"]}))
    assert states(desk.decision().decision) == {"a": "ANSWERED", "b": "ANSWERED", "c": "FAILED"}


async def test_results_that_all_came_early_decide_the_task_as_it_is_opened(desk_of: DeskOf) -> None:
    desk = desk_of()
    for model in "abc":
        desk.intake.take(report_of(model, {1: ["x"], 2: ["y"]}))
    desk.session.take(opening_of(1, 2))
    assert [task.id for task in desk.decided] == [1, 2]


async def test_early_results_nobody_asks_for_are_dropped_and_count_as_late(desk_of: DeskOf) -> None:
    desk = desk_of()
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.unclaimed.turn()
    assert len(desk.unclaimed) == 1
    desk.unclaimed.turn()
    assert len(desk.unclaimed) == 0
    assert desk.late("a") == 1
    desk.session.take(opening_of(1))
    desk.pass_time(0.05)
    assert reasons(desk.decision().decision) == ["NO_ANSWER"]


async def test_an_early_result_lasts_a_whole_turn(desk_of: DeskOf) -> None:
    desk = desk_of("{timeout: {}}")
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.unclaimed.turn()
    desk.session.take(opening_of(1))
    assert answers(desk.decision().decision) == ["x"]


async def test_early_results_are_bounded_and_the_oldest_go_first() -> None:
    desk = Desk()
    desk.unclaimed._most_rows = 100
    for task_id in range(1, 1001):
        desk.intake.take(report_of("a", {task_id: ["x"]}))
    assert len(desk.unclaimed) <= 102
    assert desk.late("a") == 1000 - len(desk.unclaimed)
    assert desk.unclaimed.claim(1) == []
    assert len(desk.unclaimed.claim(1000)) == 1
    desk.open_tasks.close()


async def test_a_result_after_the_decision_is_late_and_changes_nothing(desk_of: DeskOf) -> None:
    desk = desk_of("{timeout: {}}")
    desk.session.take(opening_of(1))
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.intake.take(report_of("b", {1: ["y"]}))
    desk.intake.take(failure_of("c", 1))
    assert desk.late("b") == 1
    assert len(desk.unclaimed) == 0
    assert len(desk.decided) == 1


async def test_a_model_that_fails_is_not_waited_for(desk_of: DeskOf) -> None:
    desk = desk_of("{timeout: {}}")
    desk.session.take(opening_of(1))
    desk.intake.take(report_of("b", {1: ["x"]}))
    desk.intake.take(failure_of("a", 1, "division by zero"))
    decision = desk.decision().decision
    assert answers(decision) == ["x"]
    assert states(decision) == {"a": "FAILED", "b": "ANSWERED", "c": "CANCELLED"}
    assert decision.models[0].failure == "division by zero"


async def test_a_model_whose_host_died_is_not_waited_for(desk_of: DeskOf) -> None:
    desk = desk_of("{timeout: {}}")
    desk.session.take(opening_of(1, 2))
    desk.intake.take(report_of("b", {1: ["x"], 2: ["y"]}))
    loss = pb.Loss(model=0, reason="its host died", task_ids=[1, 99])
    desk.session.take(pb.CollectRequest(losses=[loss]))
    decision = desk.decision().decision
    assert decision.models[0].failure == "its host died"
    assert desk.statistics.of("wine", "a", 1).failed == 1
    finish(desk)


async def test_when_all_have_failed_the_task_ends_before_its_deadline(desk_of: DeskOf) -> None:
    desk = desk_of()
    desk.session.take(opening_of(1))
    for model in "abc":
        assert not desk.decided
        desk.intake.take(failure_of(model, 1))
    decided = desk.decision()
    assert not decided.deadline_reached
    assert reasons(decided.decision) == ["NO_ANSWER"]


async def test_a_loss_after_the_answer_is_nothing_new(desk_of: DeskOf) -> None:
    desk = desk_of()
    desk.session.take(opening_of(1))
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.session.take(pb.CollectRequest(losses=[pb.Loss(model=0, task_ids=[1])]))
    desk.intake.take(report_of("b", {1: ["x"]}))
    assert states(desk.decision().decision)["a"] == "ANSWERED"


async def test_an_answer_after_the_loss_still_counts(desk_of: DeskOf) -> None:
    desk = desk_of()
    desk.session.take(opening_of(1))
    for _ in range(2):
        desk.session.take(pb.CollectRequest(losses=[pb.Loss(model=0, task_ids=[1])]))
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.intake.take(report_of("b", {1: ["x"]}))
    assert states(desk.decision().decision)["a"] == "ANSWERED"
    assert desk.statistics.of("wine", "a", 1).failed == 1


async def test_a_model_that_no_host_serves_is_not_waited_for(desk_of: DeskOf) -> None:
    desk = desk_of("{timeout: {}}")
    desk.session.take(opening_of(1, versions=[0, 1, 1]))
    desk.intake.take(report_of("b", {1: ["x"]}))
    assert states(desk.decision().decision) == {"a": "NO_HOST", "b": "ANSWERED", "c": "CANCELLED"}


async def test_without_any_host_a_task_ends_as_it_is_opened(desk_of: DeskOf) -> None:
    desk = desk_of("{timeout: {}, default: {value: w}}", "a ~b")
    desk.session.take(opening_of(1, versions=[0, 1]))
    decision = desk.decision().decision
    assert answers(decision) == ["w"]
    assert states(decision) == {"a": "NO_HOST", "b": "CANCELLED"}
    assert [stats.name for stats in desk.statistics.to_protos()] == ["b"]


async def test_a_shadow_is_counted_but_decides_nothing(desk_of: DeskOf) -> None:
    desk = desk_of("{timeout: {}}", "~a b")
    desk.session.take(opening_of(1, versions=[1, 1]))
    desk.intake.take(report_of("a", {1: ["y"]}))
    assert not desk.decided
    desk.intake.take(report_of("b", {1: ["x"]}))
    decision = desk.decision().decision
    assert answers(decision) == ["x"]
    assert [report.shadow for report in decision.models] == [True, False]
    assert states(decision) == {"a": "ANSWERED", "b": "ANSWERED"}
    assert desk.statistics.of("wine", "a", 1).answered == 1


async def test_a_version_that_was_not_started_answers_for_its_model(desk_of: DeskOf) -> None:
    desk = desk_of("{timeout: {}}")
    desk.session.take(opening_of(1))
    desk.intake.take(report_of("a", {1: ["x"]}, version=2))
    assert desk.decision().decision.models[0].version == 2


async def test_two_versions_of_one_model_have_a_place_each(desk_of: DeskOf) -> None:
    desk = desk_of("{consensus: {quorum: all}}", "a@1 a@2")
    desk.session.take(opening_of(1, versions=[1, 2]))
    desk.intake.take(report_of("a", {1: ["x"]}, version=2))
    desk.intake.take(report_of("a", {1: ["x"]}, version=3))  # of neither
    assert not desk.decided
    desk.intake.take(report_of("a", {1: ["x"]}, version=1))
    assert [report.version for report in desk.decision().decision.models] == [1, 2]
    assert desk.late("a", 3) == 1


async def test_the_first_of_two_answers_of_a_model_counts(desk_of: DeskOf) -> None:
    desk = desk_of()
    desk.session.take(opening_of(1))
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.intake.take(report_of("a", {1: ["y"]}))
    assert desk.late("a") == 0
    assert desk.statistics.of("wine", "a", 1).wasted == pytest.approx(0.003)
    desk.intake.take(report_of("b", {1: ["x"]}))
    assert answers(desk.decision().decision) == ["x"]


async def test_a_model_outside_the_plan_is_not_heard(desk_of: DeskOf) -> None:
    desk = desk_of("{timeout: {}}")
    desk.session.take(opening_of(1))
    desk.intake.take(report_of("z", {1: ["x"]}))
    assert desk.late("z") == 1
    finish(desk)


async def test_an_answer_for_another_number_of_records_is_a_failure(desk_of: DeskOf) -> None:
    desk = desk_of("{timeout: {}}")
    desk.session.take(opening_of(1, rows=2))
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.intake.take(report_of("b", {1: ["y", "y"]}))
    decision = desk.decision().decision
    assert answers(decision) == ["y", "y"]
    assert decision.models[0].failure == "it answered 1 of 2 records"


async def test_numbers_that_are_none_are_no_answers(desk_of: DeskOf) -> None:
    desk = desk_of("{timeout: {}}")
    desk.session.take(opening_of(1, rows=3))
    desk.intake.take(report_of("a", {1: [float("inf"), None, 1.5]}))
    desk.intake.take(report_of("b", {1: [2.5, 2.5, 2.5]}))
    assert answers(desk.decision().decision) == [2.5, 2.5, 1.5]


@pytest.mark.parametrize("rows", [1, 3, 30])
async def test_an_answer_without_confidence_is_the_least_confident(
    desk_of: DeskOf, rows: int
) -> None:
    desk = desk_of("{quality: {by: confidence}}")
    desk.session.take(opening_of(1, rows=rows))
    desk.intake.take(report_of("a", {1: ["x"] * rows}, confidence=math.nan))
    desk.intake.take(report_of("b", {1: ["y"] * rows}))
    desk.intake.take(report_of("c", {1: ["z"] * rows}, confidence=0.1))
    assert answers(desk.decision().decision) == ["z"] * rows


async def test_a_router_that_leaves_takes_its_tasks_with_it(desk_of: DeskOf) -> None:
    desk = desk_of()
    other = desk.new_session(plan_of("{timeout: {}}"))
    desk.session.take(opening_of(1))
    other.take(opening_of(2))
    desk.session.end()
    assert len(desk.open_tasks) == 1
    desk.intake.take(report_of("a", {1: ["x"], 2: ["x"]}))
    assert [task.id for task in desk.decided] == [2]
    desk.decided.clear()
    desk.pass_time(1)
    assert not desk.decided


async def test_a_router_that_comes_back_finds_what_was_said_meanwhile(desk_of: DeskOf) -> None:
    desk = desk_of("{timeout: {}}")
    desk.session.take(opening_of(1))
    desk.session.end()
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.new_session(plan_of("{timeout: {}}")).take(opening_of(1))
    assert answers(desk.decision().decision) == ["x"]


async def test_a_task_opened_twice_keeps_what_was_said_about_it(desk_of: DeskOf) -> None:
    desk = desk_of("{consensus: {quorum: 2}}")
    desk.session.take(opening_of(1))
    desk.intake.take(report_of("c", {1: ["x"]}))
    again = desk.new_session(plan_of("{timeout: {}}", "c b"))
    again.take(opening_of(1, versions=[1, 1]))
    decision = desk.decision().decision
    assert answers(decision) == ["x"]
    assert [report.name for report in decision.models] == ["c", "b"]
    desk.session.end()


async def test_what_is_counted_of_a_model(desk_of: DeskOf) -> None:
    desk = desk_of("{timeout: {}}")
    desk.session.take(opening_of(1, rows=3))
    desk.session.take(opening_of(2))
    desk.intake.take(report_of("a", {1: ["x", None, "x"], 2: ["x"]}, scoring=0.25))
    desk.intake.take(report_of("b", {1: ["y", "y", "y"]}, scoring=0.5))
    desk.intake.take(report_of("a", {2: ["x"]}, scoring=0.75))
    a, b, c = desk.statistics.to_protos("wine")
    assert (a.answered, a.chosen, a.late, a.failed) == (2, 3, 1, 0)
    assert (b.answered, b.chosen) == (1, 1)
    assert (a.min.ToMilliseconds(), a.max.ToMilliseconds()) == (250, 750)
    assert a.duration.ToMilliseconds() == 1000
    assert a.since.ToNanoseconds() > 0
    assert not c.HasField("since")
    assert list(desk.statistics.to_protos("iris")) == []


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (opening_of(1, plan_key=9), "plan 9 was not defined"),
        (opening_of(1, versions=[1, 1]), "2 versions for the 3 models"),
        (opening_of(1, rows=0), "without records"),
        (pb.CollectRequest(openings=[pb.Opening()]), "when it was sent"),
    ],
)
async def test_frames_of_a_router_that_make_no_sense_are_refused(
    desk_of: DeskOf, request_: pb.CollectRequest, problem: str
) -> None:
    with pytest.raises(InvalidInput, match=problem):
        desk_of().session.take(request_)


async def test_a_loss_of_no_model_is_refused(desk_of: DeskOf) -> None:
    desk = desk_of()
    desk.session.take(opening_of(1))
    with pytest.raises(InvalidInput, match="model 3 of a plan of 3"):
        desk.session.take(pb.CollectRequest(losses=[pb.Loss(model=3, task_ids=[1])]))
    finish(desk)


async def test_a_plan_that_contradicts_itself_is_refused(desk_of: DeskOf) -> None:
    definition = pb.PlanDefinition(key=2)
    with pytest.raises(InvalidPlan):
        desk_of().session.take(pb.CollectRequest(plans=[definition]))


def broken(change: Callable[[pb.ReportRequest], object]) -> pb.ReportRequest:
    request = report_of("a", {1: ["x"], 2: ["y"]}, confidence=0.5)
    change(request)
    return request


@pytest.mark.parametrize(
    "request_",
    [
        broken(lambda request: request.predictions.labels.indexes.__setitem__(0, 7)),
        broken(lambda request: request.predictions.absent.append(2)),
        broken(lambda request: setattr(request.predictions, "confidences", b"12345678")),
        broken(lambda request: setattr(request.predictions, "numbers", b"1234")),
        broken(lambda request: request.results.pop()),
        broken(lambda request: request.ClearField("predictions")),
    ],
)
async def test_frames_of_a_host_that_do_not_fit_together_are_refused(
    desk_of: DeskOf, request_: pb.ReportRequest
) -> None:
    desk = desk_of()
    desk.session.take(opening_of(1, 2))
    with pytest.raises(InvalidInput):
        desk.intake.take(request_)
    finish(desk)


@pytest.mark.parametrize("bound", ["_MOST_ENDED", "_MOST_ENDED_ROWS"])
async def test_ended_tasks_are_remembered_only_up_to_a_bound(
    desk_of: DeskOf, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    desk = desk_of("{timeout: {}}")
    rows = 1 if bound == "_MOST_ENDED" else 20
    monkeypatch.setattr(f"services.collector.tasks.unclaimed.{bound}", 10 * rows)
    for task_id in range(1, 101):
        desk.session.take(opening_of(task_id, rows=rows))
        desk.intake.take(report_of("a", {task_id: ["x"] * rows}))
    assert len(desk.unclaimed._ended) + len(desk.unclaimed._older_ended) <= 22
    assert 100 in desk.unclaimed._ended | desk.unclaimed._older_ended
