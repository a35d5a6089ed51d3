"""What a router that asks for it is told of tasks that go on: who has ended, which records are left."""

from __future__ import annotations

import struct
from collections.abc import Callable

from hedgerow.v1 import collection_pb2 as pb
from tests.services.collector.harness import Desk, failure_of, opening_of, report_of, start_model
from tests.services.decisions import answers, reasons

SURE = "{quality: {by: confidence, good_enough: 0.9}}"
B, C = 0b010, 0b100


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
    start_model(desk, 2, 1)
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
        lost = pb.LostModel(model=place, reason="it died", task_ids=[1])
        desk.session.take(pb.CollectRequest(lost=[lost]))
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
    """A cascade, as the collector sees it: progress, start, an answer to some, decided."""
    desk = Desk(SURE, "a b")
    desk.session.take(opening_of(1, rows=3, versions=[1, 1], held=B, progress=True))
    request = report_of("a", {1: ["x", "y", "z"]}, confidence=0.95)
    request.predictions.confidences = struct.pack("<3d", 0.95, 0.5, 0.99)
    desk.intake.take(request)
    assert desk.told() == [pb.TaskProgress(task_id=1, ended=0b01, undecided=[1])]
    start_model(desk, 1, 1)
    desk.intake.take(report_of("b", {1: ["w"]}, confidence=0.7, records=[1]))
    decision = desk.decision().decision
    assert answers(decision) == ["x", "w", "z"]
    assert reasons(decision) == ["GOOD_ENOUGH", "BEST_QUALITY", "GOOD_ENOUGH"]
    assert [report.records for report in decision.models] == [3, 1]
    assert desk.told() == []
    desk.assert_empty()
