"""The life of a version, of what executors report and somebody decides."""

from __future__ import annotations

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from hedgerow.v1 import models_pb2 as pb
from services.common.catalog.life import Life

PUSHED, LOADING, LIVE = (
    pb.VERSION_STATE_PUSHED,
    pb.VERSION_STATE_LOADING,
    pb.VERSION_STATE_LIVE,
)
FAILED, QUARANTINED = pb.VERSION_STATE_FAILED, pb.VERSION_STATE_QUARANTINED
RETIRED, DELETED = pb.VERSION_STATE_RETIRED, pb.VERSION_STATE_DELETED

Said = tuple[str, pb.VersionState]


def life_of(*said: Said) -> Life:
    life = Life()
    for second, (executor, state) in enumerate(said):
        report = pb.ExecutorReport(executor=executor, state=state)
        report.reason = f"{executor} {second}" if state in (FAILED, QUARANTINED) else ""
        life.report(report, Timestamp(seconds=second))
    return life


@pytest.mark.parametrize(
    ("said", "state", "reason"),
    [
        ([], PUSHED, ""),
        ([("a", LOADING)], LOADING, ""),
        ([("a", LOADING), ("b", LIVE)], LIVE, ""),
        ([("a", LIVE), ("b", FAILED)], LIVE, ""),
        ([("a", LOADING), ("b", FAILED)], LOADING, ""),
        ([("b", FAILED), ("a", FAILED)], FAILED, "a 1"),
        ([("a", FAILED), ("b", QUARANTINED)], QUARANTINED, "b 1"),
        ([("a", LIVE), ("a", PUSHED)], PUSHED, ""),
    ],
)
def test_the_states_of_all_executors_are_summed(
    said: list[Said], state: pb.VersionState, reason: str
) -> None:
    life = life_of(*said)
    assert (life.state, life.reason) == (state, reason)
    assert life.has_failed == (state in (FAILED, QUARANTINED))
    assert life.is_usable != life.has_failed
    assert Life.from_proto(life.to_proto()).to_proto() == life.to_proto()


def shared(
    executor: str, seconds: float | None, state: pb.VersionState = LIVE
) -> pb.ExecutorReport:
    return pb.ExecutorReport(executor=executor, state=state, task_seconds=seconds)


def test_that_it_may_share_a_process_is_kept_until_somebody_says_that_it_must_not() -> None:
    life, at = life_of(("a", LIVE)), Timestamp(seconds=9)
    assert life.task_seconds == 0
    life.report(shared("a", 0.25), at)
    life.report(shared("b", None), at)
    life.report(shared("a", None, PUSHED), at)
    assert life.task_seconds == 0.25
    assert Life.from_proto(life.to_proto()).task_seconds == 0.25
    life.report(shared("b", 0.0), at)
    assert life.task_seconds == 0
    life.report(shared("b", 0.5), at)
    life.report(shared("a", None, QUARANTINED), at)
    assert life.task_seconds == 0


def test_what_failed_on_one_executor_and_served_on_another_may_serve_again() -> None:
    life = life_of(("a", FAILED), ("b", LIVE), ("b", PUSHED))
    assert (life.state, life.reason) == (FAILED, "a 0")
    assert life.is_usable
    assert Life.from_proto(life.to_proto()).is_usable
    life = life_of(("a", FAILED), ("b", LIVE), ("b", QUARANTINED))
    assert not life.is_usable


@pytest.mark.parametrize("later", [PUSHED, LOADING, LIVE])
def test_what_failed_on_an_executor_stays_so_until_somebody_has_it_tried_again(
    later: pb.VersionState,
) -> None:
    life = life_of(("a", FAILED), ("a", later))
    assert (life.state, life.has_served) == (FAILED, False)
    life.retry()
    assert (life.state, life.reports) == (PUSHED, {})
    life.report(pb.ExecutorReport(executor="a", state=later), Timestamp())
    assert life.state == later


def test_what_is_tried_again_by_itself_has_not_failed() -> None:
    life = Life()
    report = pb.ExecutorReport(executor="a", state=FAILED, reason="disk full", tried_again=True)
    life.report(report, Timestamp())
    assert (life.state, life.reason, life.is_usable) == (FAILED, "disk full", True)
    life.report(pb.ExecutorReport(executor="a", state=LIVE), Timestamp())
    assert life.is_live


def test_what_is_over_stays_over() -> None:
    life = life_of(("a", LIVE))
    life.retire()
    assert (life.state, life.is_usable, life.is_over) == (RETIRED, False, True)
    life.report(pb.ExecutorReport(executor="b", state=LIVE), Timestamp())
    life.delete()
    life.retire()
    assert (life.state, life.is_deleted, life.has_served) == (DELETED, True, True)
    assert Life.from_proto(life.to_proto()).state == DELETED


def test_the_latest_failures_are_kept_however_they_are_held() -> None:
    life = Life()
    for second in range(40):
        at = Timestamp(seconds=second)
        report = pb.ExecutorReport(executor=f"{40 - second:02}", state=FAILED)
        life.report(report, at)
        if second == 20:
            life = Life.from_proto(life.to_proto())
    assert sorted(life.reports) == [f"{number:02}" for number in range(1, 17)]
