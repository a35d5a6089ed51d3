"""How long a task may take."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hedgerow.errors import InvalidRecord
from hedgerow.v1.scoring_pb2 import ScoreRequest
from services.router.time_allowed import time_allowed

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
