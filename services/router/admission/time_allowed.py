"""How long a task may take: of the plan, the request and its caller's call, what ends first."""

from __future__ import annotations

from datetime import timedelta

from hedgerow.durations import format_duration
from hedgerow.errors import InvalidRecord
from hedgerow.plans.checks import MAX_DEADLINE
from hedgerow.v1.scoring_pb2 import ScoreRequest
from services.router.peak import Peak

LARGEST_MARGIN = 0.2
"""Share of a call's own deadline that may be kept for the answer to arrive."""

_MEMORY_SECONDS = 2.0
"""Time constant with which late decisions are forgotten."""

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


class AnswerMargin:
    """How much of a call's own deadline is kept for the answer to arrive.

    A decision that falls at the deadline is here a little after it: a timer, the wire and two event loops
    lie between, and when all are busy a little is more than any fixed margin. So it is `least`, for the way
    from here to the caller, and as much more as decisions have been late lately.
    """

    def __init__(self, least: float) -> None:
        self._least = least
        self._late = Peak(_MEMORY_SECONDS)

    def seconds(self, now: float) -> float:
        """Return it at a time of a monotonic clock, seconds."""
        return self._least + self._late.at(now)

    def decided(self, late: float, allowed: float, now: float) -> None:
        """A decision that fell at its deadline came, or was given up, `late` seconds after it.

        Of the time its task was allowed no more counts than a margin may be: what took longer was not late,
        something was broken.
        """
        self._late.seen(min(late, allowed * LARGEST_MARGIN), now)
