"""How long a task may take."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hedgerow.errors import InvalidRecord
from hedgerow.v1.scoring_pb2 import ScoreRequest
from services.router.admission.time_allowed import AnswerMargin, time_allowed

MILLISECOND = 1_000_000


@pytest.mark.parametrize(
    ("plan", "wanted", "left", "allowed"),
    [
        (100, None, None, 100),
        (100, 30, None, 30),
        (100, 300, None, 300),  # the request's own stands in place of the plan's, shorter or longer
        (100, 50, 0.02, 16),  # the call's caps both; a fifth of it is for the answer to arrive
        (100, None, 0.5, 100),
        (1000, None, 0.5, 495),  # or the margin, where that is less
    ],
)
def test_the_deadline_is_the_requests_or_the_plans_within_the_calls(
    plan: int, wanted: int | None, left: float | None, allowed: int
) -> None:
    deadline = None if wanted is None else timedelta(milliseconds=wanted)
    found = time_allowed(ScoreRequest(deadline=deadline), plan * MILLISECOND, left, margin=0.005)
    assert found == allowed * MILLISECOND


@pytest.mark.parametrize("wrong", [timedelta(0), timedelta(seconds=-1), timedelta(hours=2)])
def test_a_deadline_that_cannot_be_is_refused(wrong: timedelta) -> None:
    with pytest.raises(InvalidRecord, match="must be more than 0 and at most 1h"):
        time_allowed(ScoreRequest(deadline=wrong), 100 * MILLISECOND, None, margin=0.005)


def test_the_margin_is_what_was_asked_for_and_as_much_as_decisions_are_late() -> None:
    margin = AnswerMargin(least=0.005)
    assert margin.seconds(now=9.0) == 0.005
    margin.decided(late=0.02, allowed=0.2, now=10.0)
    margin.decided(late=0.01, allowed=0.2, now=10.0)
    assert margin.seconds(now=10.0) == pytest.approx(0.025)


def test_the_margin_forgets() -> None:
    margin = AnswerMargin(least=0.005)
    margin.decided(late=0.02, allowed=0.2, now=10.0)
    assert 0.010 < margin.seconds(now=12.0) < 0.015
    assert margin.seconds(now=30.0) == pytest.approx(0.005, abs=1e-5)


def test_what_came_very_late_was_broken_and_no_measure_of_what_is_to_be_kept() -> None:
    margin = AnswerMargin(least=0.005)
    margin.decided(late=0.25, allowed=0.1, now=10.0)
    assert margin.seconds(now=10.0) == pytest.approx(0.025)
