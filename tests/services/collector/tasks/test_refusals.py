"""Frames that make no sense are refused, and change nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hedgerow.errors import InvalidInput, InvalidPlan
from hedgerow.v1 import collection_pb2 as pb
from tests.services.collector.harness import (
    Desk,
    DeskOf,
    opening_of,
    report_of,
)


def finish(desk: Desk) -> None:
    """Let what is open run into its deadline."""
    desk.pass_time(3600)
    desk.decided.clear()


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
        desk.session.take(pb.CollectRequest(lost=[pb.LostModel(model=3, task_ids=[1])]))
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
async def test_frames_of_a_host_that_do_not_fit_together_fail_their_tasks(
    desk_of: DeskOf, request_: pb.ReportRequest
) -> None:
    desk = desk_of()
    desk.session.take(opening_of(1, 2))
    ids = {result.task_id for result in request_.results}
    desk.intake.take(request_)
    assert desk.statistics.of("wine", "a", 1).failed == len(ids)
    assert desk.statistics.of("wine", "a", 1).answered == 0
    finish(desk)
