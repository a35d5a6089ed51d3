"""The clocks of a process, and how times travel.

Inside a process times are of the monotonic clock: a wall clock that is set back or forth moves no deadline.
Wall time is taken at the edges only, where people or other programs read it (spans, log lines, the state).

On the wire between services a moment is nanoseconds of the sender's monotonic clock, and each frame says
when, by the same clock, it was sent: clocks need not agree. How long a frame was on its way is not known.
But how much longer than others of its stream is (see `PeerClock`), so a frame that was held up, by a busy
machine or a full buffer, does not make its deadlines that much later.
"""

from __future__ import annotations

import time

_WINDOW_SECONDS = 5.0
"""The quickest frame counts for so long, up to twice that. In that time clocks drift by 1 ms at most."""


def now_ns() -> int:
    """Return this process's monotonic clock, in nanoseconds: what deadlines are told by."""
    return time.monotonic_ns()


class Arrival:
    """When a frame came, `at` by our clock, of which it turns the moments that it tells into seconds.

    `held_up`: seconds by which it was longer on its way than the quickest frame of late.
    """

    __slots__ = ("_sent_ns", "at", "held_up")

    def __init__(self, sent_ns: int, at: float, held_up: float = 0.0) -> None:
        self._sent_ns = sent_ns
        self.at = at
        self.held_up = held_up

    def moment(self, moment_ns: int) -> float:
        """Return a moment of the sender's clock."""
        return self.at - self.held_up + (moment_ns - self._sent_ns) * 1e-9

    def deadline(self, moment_ns: int) -> float:
        """Return a deadline: a moment that is at least half as far away as it was at the sending.

        For when the sender's machine stood still for a while all its frames seem to be held up.
        """
        left = (moment_ns - self._sent_ns) * 1e-9
        return self.at + left - min(self.held_up, max(left, 0.0) / 2)


class PeerClock:
    """The clock of the sender of one stream, as its frames tell it.

    Between a frame's sending, by one clock, and its arrival, by another, lie the difference of the clocks
    and its way. The first is the same for all frames, so the least of late belongs to one whose way was
    short, and what is more than that is time for which a frame was held up. NTP's clock filter (RFC 5905,
    section 10) and the base delay of LEDBAT (RFC 6817) are this too.
    """

    __slots__ = ("_least", "_least_before", "_until")

    def __init__(self) -> None:
        self._least = self._least_before = float("inf")
        self._until = float("-inf")

    def arrival(self, sent_ns: int, at: float) -> Arrival:
        """Take in a frame that came just now, `at` by this process's monotonic clock."""
        apart = at - sent_ns * 1e-9
        if at >= self._until:
            is_old = at >= self._until + _WINDOW_SECONDS
            self._least_before = float("inf") if is_old else self._least
            self._least = apart
            self._until = at + _WINDOW_SECONDS
        self._least = min(self._least, apart)
        return Arrival(sent_ns, at, apart - min(self._least, self._least_before))
