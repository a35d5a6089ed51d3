"""Models that are held back: needed, started, or never started."""

from __future__ import annotations

import pytest

from hedgerow.errors import InvalidInput
from hedgerow.v1 import collection_pb2 as pb
from tests.services.collector.harness import Desk, opening_of, report_of, start_model
from tests.services.decisions import answers, reasons, states

B, C = 0b010, 0b100


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
    start_model(desk, 2, 1)
    desk.intake.take(report_of("c", {1: ["y"]}))
    assert answers(desk.decision().decision) == ["y"]


async def test_a_result_that_overtakes_its_start_counts(desk: Desk) -> None:
    desk.session.take(opening_of(1, held=B | C))
    desk.intake.take(report_of("a", {1: ["x"]}))
    desk.intake.take(report_of("b", {1: ["x"]}))
    assert states(desk.decision().decision)["b"] == "ANSWERED"
    start_model(desk, 1, 1)


async def test_a_model_that_was_started_and_is_out_is_cancelled(desk: Desk) -> None:
    desk.session.take(opening_of(1, held=C))
    start_model(desk, 2, 1)
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
        lost = pb.LostModel(
            model=place, reason="its last host has gone", task_ids=[1], not_started=True
        )
        desk.session.take(pb.CollectRequest(lost=[lost]))
    desk.intake.take(report_of("a", {1: ["x"]}))
    decision = desk.decision().decision
    assert states(decision)["b"] == "NOT_STARTED"
    assert decision.models[1].failure == "its last host has gone"
    assert desk.statistics.of("wine", "b", 1).failed == 0
    assert desk.statistics.of("wine", "b", 1).not_started == 1


async def test_a_start_of_what_is_not_in_the_plan_ends_the_stream(desk: Desk) -> None:
    desk.session.take(opening_of(1))
    with pytest.raises(InvalidInput, match="model 3 of a plan of 3 was started"):
        start_model(desk, 3, 1)
    start_model(desk, 9, 77)  # a task that has ended is nobody's business
    desk.pass_time(1)
    desk.decision()
