"""Tasks that their router cancels."""

from __future__ import annotations

import pytest

from hedgerow.v1 import collection_pb2 as pb
from tests.services.collector.harness import Desk, opening_of, report_of


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
