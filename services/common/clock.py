"""The clocks of a process, and how times travel.

Inside a process times are of the monotonic clock: a wall clock that is set back or forth moves no deadline.
Wall time is taken at the edges only, where people or other programs read it (spans, log lines, the state).

On the wire between services a moment is nanoseconds of the sender's monotonic clock, and each frame says
when, by the same clock, it was sent. What counts for a receiver is the distance between the two, from the
arrival of the frame on its own clock. Clocks need not agree; how long a frame was on its way is not known,
and makes deadlines that much later.
"""

import time


def now_ns() -> int:
    """Return this process's monotonic clock, in nanoseconds: what deadlines are told by."""
    return time.monotonic_ns()


def here(moment_ns: int, sent_ns: int, arrived: float) -> float:
    """Turn a moment of the sender's clock into seconds of this process's monotonic clock.

    `sent_ns` is when the frame was sent by the sender's clock, `arrived` when it came by ours.
    """
    return arrived + (moment_ns - sent_ns) * 1e-9
