"""The life of a task: opened, reported on, decided, forgotten; and nothing is left of it."""

from __future__ import annotations

import pytest

from hedgerow.v1 import collection_pb2 as pb
from tests.services.collector.harness import Desk, DeskOf, opening_of, plan_of, report_of
from tests.services.decisions import answers, reasons, states


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
    # The first was decided by two of three before c reported, so c cannot be among those who agree.
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
    assert reasons(decided.decision) == ["PLURALITY_IN_TIME"]
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
    assert reasons(decided.decision) == ["CONSENSUS", "PLURALITY_IN_TIME"]


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
    # By the clock of another router it is as late as it was by the first one's.
    desk.new_session(desk.plan).take(opening_of(2, deadline=0.05))
    desk.pass_time(0.045)
    assert not desk.decided
    desk.pass_time(0.005)
    assert desk.decision().task_id == 2
    desk.pass_time(0.05)
    assert desk.decision().task_id == 1


async def test_an_opening_that_was_held_up_on_its_way_is_decided_in_time_all_the_same(
    desk_of: DeskOf,
) -> None:
    desk = desk_of()
    desk.session.take(opening_of(1, deadline=0.2))
    desk.clock.now += 0.08
    desk.session.take(opening_of(2, deadline=0.2))
    desk.pass_time(0.12)
    assert [task.id for task in desk.decided] == [1, 2]
    # Counted from its admission, the way included.
    took = [task.ended - task.admitted for task in desk.decided]
    assert took == pytest.approx([0.202, 0.202], abs=1e-5)


async def test_a_task_opened_after_its_deadline_is_decided_with_what_is_there(
    desk_of: DeskOf,
) -> None:
    desk = desk_of()
    desk.intake.take(report_of("c", {1: ["x"]}))
    desk.session.take(opening_of(1, deadline=-0.01))
    assert not desk.decided
    desk.pass_time(0)
    assert answers(desk.decision().decision) == ["x"]


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


async def test_a_model_outside_the_plan_does_not_count(desk_of: DeskOf) -> None:
    desk = desk_of("{timeout: {}}")
    desk.session.take(opening_of(1))
    desk.intake.take(report_of("z", {1: ["x"]}))
    assert desk.late("z") == 1
    finish(desk)


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
    assert (a.shortest_scoring.ToMilliseconds(), a.longest_scoring.ToMilliseconds()) == (250, 750)
    assert a.scoring.ToMilliseconds() == 1000
    assert a.since.ToNanoseconds() > 0
    assert not c.HasField("since")
    assert list(desk.statistics.to_protos("iris")) == []


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


async def test_a_plan_given_again_under_its_number_holds_from_then_on(desk: Desk) -> None:
    desk.session.take(opening_of(1))
    other = Desk("{timeout: {}}").plan
    desk.session.take(pb.CollectRequest(plans=[pb.PlanDefinition(key=1, plan=other)]))
    desk.session.take(opening_of(2))
    desk.intake.take(report_of("a", {1: ["x"], 2: ["x"]}))
    assert reasons(desk.decision().decision) == ["PREFERRED"]  # of task 2
    desk.intake.take(report_of("b", {1: ["x"]}))
    assert reasons(desk.decision().decision) == ["CONSENSUS"]


async def test_a_model_that_never_comes_in_time_is_counted_as_late_at_each_deadline(
    desk_of: DeskOf,
) -> None:
    """Its host drops what is out of time, so no result tells; and one that comes counts once."""
    desk = desk_of("{consensus: {quorum: 3}, otherwise: {quality: {}}}")
    for task_id in range(1, 11):
        desk.session.take(opening_of(task_id, deadline=0.05))
        desk.intake.take(report_of("a", {task_id: ["x"]}))
        desk.intake.take(report_of("c", {task_id: ["x"]}))
        desk.pass_time(0.05)
        decision = desk.decision().decision
        assert reasons(decision) == ["BEST_QUALITY_IN_TIME"]
        desk.decided.clear()
    assert desk.late("b") == 10
    desk.intake.take(report_of("b", {10: ["x"]}))
    assert desk.late("b") == 10
    assert desk.late("a") == 0
