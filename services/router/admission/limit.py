"""How many tasks of one data type the mesh can have under way and still answer in time.

Additive increase, multiplicative decrease, as TCP's congestion avoidance (Jacobson, SIGCOMM 1988) and the
AIMD limit of Netflix's concurrency-limits; a lost packet is here a task that no model answered before its
deadline. The other limits of that library, Vegas and Gradient, learn from how the time of an
answer grows with what is under way. This mesh makes records wait on purpose, for a quorum, for a slower and
better model or until the deadline, so that a long time says nothing.

Until something is lost there is no limit, so that a burst is taken in whole.
"""

from __future__ import annotations

_FIRST_CUT = 0.5
"""From no limit to one: by then everything that came in a whole deadline is under way."""
_CUT = 0.7
_GROWTH = 1.0
"""Tasks by which the limit grows in the time in which as many as it are answered."""
_LEAST = 8.0
"""Below it hosts would have nothing to do while results are on their way."""


class Limit:
    """Told how each task ended. Times are seconds, `now` of one monotonic clock."""

    def __init__(self) -> None:
        self.tasks = float("inf")
        """Under way at the most."""
        self._cut_at = float("-inf")

    def answered(self, under_way: int) -> None:
        """At least one model answered in time."""
        if under_way >= self.tasks / 2:
            self.tasks += _GROWTH / self.tasks

    def missed(self, took: float, under_way: int, now: float) -> None:
        """The deadline came, after `took` seconds, before any model had answered."""
        # What had come before the last cut says nothing about what the cut has done.
        if now - took > self._cut_at:
            cut = _FIRST_CUT if self.tasks == float("inf") else _CUT
            self._cut_at = now
            self.tasks = max(min(self.tasks, under_way) * cut, _LEAST)
