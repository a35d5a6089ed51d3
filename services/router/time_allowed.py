"""How long a task may take: of the plan, the request and its caller's call, what ends first."""

from __future__ import annotations

from datetime import timedelta

from hedgerow.durations import format_duration
from hedgerow.errors import InvalidRecord
from hedgerow.plans.checks import MAX_DEADLINE
from hedgerow.v1.scoring_pb2 import ScoreRequest

LARGEST_MARGIN = 0.2
"""Share of a call's own deadline that may be kept for the answer to arrive."""

_LONGEST_NS = MAX_DEADLINE // timedelta(microseconds=1) * 1000


def time_allowed(
    request: ScoreRequest, plan_ns: int, time_left: float | None, margin: float
) -> int:
    """Return the time until a task's deadline, in nanoseconds.

    It is the request's own or else the plan's, capped by the call's deadline of `time_left` seconds, of
    which `margin` seconds are kept for the answer to arrive, or a fifth of it if that is less.
    """
    allowed = plan_ns
    if request.HasField("deadline"):
        allowed = request.deadline.ToNanoseconds()
        if not 0 < allowed <= _LONGEST_NS:
            longest = format_duration(MAX_DEADLINE)
            raise InvalidRecord(
                f"the deadline of the request must be more than 0 and at most {longest}"
            )
    if time_left is not None:
        usable = time_left - min(margin, time_left * LARGEST_MARGIN)
        allowed = min(allowed, int(usable * 1e9))
    return allowed
