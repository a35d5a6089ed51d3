"""Models that fail, are lost, or give no usable answer: nobody waits for them."""

from __future__ import annotations

import math

import pytest

from hedgerow.v1 import collection_pb2 as pb
from tests.services.collector.harness import Desk, DeskOf, failure_of, opening_of, report_of
from tests.services.decisions import answers, reasons, states


def finish(desk: Desk) -> None:
    """Let what is open run into its deadline."""
    desk.pass_time(3600)
    desk.decided.clear()


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
    lost = pb.LostModel(model=0, reason="its host died", task_ids=[1, 99])
    desk.session.take(pb.CollectRequest(lost=[lost]))
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
    desk.session.take(pb.CollectRequest(lost=[pb.LostModel(model=0, task_ids=[1])]))
    desk.intake.take(report_of("b", {1: ["x"]}))
    assert states(desk.decision().decision)["a"] == "ANSWERED"


async def test_an_answer_after_the_loss_still_counts(desk_of: DeskOf) -> None:
    desk = desk_of()
    desk.session.take(opening_of(1))
    for _ in range(2):
        desk.session.take(pb.CollectRequest(lost=[pb.LostModel(model=0, task_ids=[1])]))
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


async def test_a_model_whose_first_host_was_lost_answers_from_the_second(desk: Desk) -> None:
    desk.session.take(opening_of(1))
    lost = pb.LostModel(model=0, reason="it died", task_ids=[1])
    desk.session.take(pb.CollectRequest(lost=[lost]))
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.intake.take(report_of("b", {1: ["x"]}))
    assert states(desk.decision().decision)["a"] == "ANSWERED"
