"""Results that no open task takes: those that came early, and those that came late.

A result may overtake the opening of its task, for they come by different streams. It is kept for a while,
in case. A result of a task that has ended is late; to tell the two apart, tasks that had outstanding models
are remembered for a while, with what was decided, so that it is known whether the late agreed. Both
memories have two generations: what is a whole turn old is dropped, so nothing is kept longer than two
turns and no entry needs a timer of its own.
"""

from __future__ import annotations

from services.collector.tasks.ended import EndedTask
from services.collector.tasks.reports import Report, Result

_MOST_ENDED = 131_072
"""Ended tasks remembered in one generation. Beyond it the oldest are forgotten; their results are then
kept as early ones, for nothing, until they are dropped."""

_MOST_ENDED_ROWS = 1_048_576
"""The same for their records, some ten bytes each."""


UnclaimedResult = tuple[Report, int, Result]
"""A frame, a row of it, and what it says from there on of a task that is unknown."""


class UnclaimedResults:
    """Keeps early results and knows late ones. Both are counted as late when they are dropped."""

    def __init__(self, most_rows: int) -> None:
        """Keep at most about `most_rows` rows of early results; the oldest go first."""
        self._most_rows = most_rows
        self._early: dict[int, list[UnclaimedResult]] = {}
        self._older_early: dict[int, list[UnclaimedResult]] = {}
        self._early_rows = 0
        self._ended: dict[int, EndedTask] = {}
        self._older_ended: dict[int, EndedTask] = {}
        self._ended_rows = 0

    def __len__(self) -> int:
        """How many tasks have early results."""
        return len(self._early.keys() | self._older_early.keys())

    def add(self, task_id: int, result: UnclaimedResult) -> None:
        """Take a result whose task is not open: keep it, or count it if the task has ended."""
        outcome = self._ended.get(task_id) or self._older_ended.get(task_id)
        if outcome is not None:
            outcome.count(*result)
            return
        self._early.setdefault(task_id, []).append(result)
        self._early_rows += _size(result)
        if self._early_rows > self._most_rows // 2:
            self._turn_early()

    def claim(self, task_id: int) -> list[UnclaimedResult]:
        """Give out the early results of a task that is being opened."""
        newer = self._early.pop(task_id, None)
        older = self._older_early.pop(task_id, None)
        if newer is None:
            return older or []
        self._early_rows -= sum([_size(result) for result in newer])
        return newer if older is None else older + newer

    def remember(self, task_id: int, outcome: EndedTask) -> None:
        """A task has ended while models were outstanding, which may still report."""
        self._ended[task_id] = outcome
        self._ended_rows += len(outcome.decided)
        if len(self._ended) > _MOST_ENDED or self._ended_rows > _MOST_ENDED_ROWS:
            self._turn_ended()

    def turn(self) -> None:
        """Drop what has been here for a whole turn; to be called at equal intervals."""
        self._turn_early()
        self._turn_ended()

    def _turn_early(self) -> None:
        for unclaimed in self._older_early.values():
            for report, _, result in unclaimed:
                report.counts.late += 1
                report.counts.wasted += report.row_seconds * result[1]
        self._older_early, self._early = self._early, {}
        self._early_rows = 0

    def _turn_ended(self) -> None:
        self._older_ended, self._ended = self._ended, {}
        self._ended_rows = 0


def _size(result: UnclaimedResult) -> int:
    """Rows it keeps in memory; a failure counts as one."""
    return result[2][1] or 1
