"""Results that no open task takes: those that came early, and those that came late.

A result may overtake the opening of its task, for they come by different streams. It is kept for a while,
in case. A result of a task that has ended is late; to tell the two apart, tasks that still had models out
are remembered for a while, with what was decided, so that it is known whether the late agreed. Both
memories have two generations: what is a whole turn old is dropped, so nothing is kept longer than two
turns and no entry needs a timer of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.collector.agreement import Decided
from services.collector.lineup import Lineup
from services.collector.reports import Report, Result
from services.collector.rules import Value

_MOST_ENDED = 131_072
"""Records of ended tasks remembered in one generation. Beyond it the oldest are forgotten; their results
are then kept as early ones, for nothing, until they are dropped."""


Stray = tuple[Report, int, Result]
"""A frame, a row of it, and what it says from there on of a task that is unknown."""


class Strays:
    """Keeps early results and knows late ones. Both are counted as late when they are dropped."""

    def __init__(self, most_rows: int) -> None:
        """Keep at most about `most_rows` rows of early results; the oldest go first."""
        self._most_rows = most_rows
        self._early: dict[int, list[Stray]] = {}
        self._older_early: dict[int, list[Stray]] = {}
        self._early_rows = 0
        self._ended: dict[int, Decided | str | None] = {}
        self._older_ended: dict[int, Decided | str | None] = {}
        self._ended_rows = 0

    def __len__(self) -> int:
        """How many tasks have early results."""
        return len(self._early.keys() | self._older_early.keys())

    def add(self, task_id: int, stray: Stray) -> None:
        """Take a result whose task is not open: keep it, or count it if the task has ended."""
        for ended in (self._ended, self._older_ended):
            if task_id in ended:
                _count_late(stray, ended[task_id])
                return
        self._early.setdefault(task_id, []).append(stray)
        self._early_rows += _size(stray)
        if self._early_rows > self._most_rows // 2:
            self._turn_early()

    def claim(self, task_id: int) -> list[Stray]:
        """Give out the early results of a task that is being opened."""
        newer = self._early.pop(task_id, [])
        self._early_rows -= sum([_size(stray) for stray in newer])
        return self._older_early.pop(task_id, []) + newer

    def remember(
        self, task_id: int, lineup: Lineup | None = None, answers: Sequence[Value] = ()
    ) -> None:
        """A task has ended while models were out: what they still say is late.

        `answers` were decided for its records; without a lineup nothing was.
        """
        if lineup is None:
            self._ended[task_id] = None
        elif len(answers) == 1 and isinstance(answers[0], str):
            # The usual case as a bare text, which the garbage collector need not look at.
            self._ended[task_id] = answers[0]
        else:
            self._ended[task_id] = Decided(answers, lineup.policy.tolerance)
        self._ended_rows += len(answers) or 1
        if self._ended_rows > _MOST_ENDED:
            self._turn_ended()

    def turn(self) -> None:
        """Drop what has been here for a whole turn; to be called at equal intervals."""
        self._turn_early()
        self._turn_ended()

    def _turn_early(self) -> None:
        for strays in self._older_early.values():
            for report, _, _ in strays:
                report.counts.late += 1
        self._older_early, self._early = self._early, {}
        self._early_rows = 0

    def _turn_ended(self) -> None:
        self._older_ended, self._ended = self._ended, {}
        self._ended_rows = 0


def _count_late(stray: Stray, decided: Decided | str | None) -> None:
    """Count a result whose task has ended; a shadow's is not late, for nobody waits for shadows."""
    report, start, (_, rows, _, failure, records) = stray
    counts = report.counts
    if decided is not None and not failure:
        if isinstance(decided, str):
            counts.records += 1
            if report.values[start] == decided:
                counts.agreed += 1
        else:
            decided.hear(report, start, rows, records)
        if counts.shadow:
            counts.answered += 1
            return
    counts.late += 1
    counts.wasted += report.seconds_of(rows)


def _size(stray: Stray) -> int:
    """Rows it keeps in memory; a failure counts as one."""
    return stray[2][1] or 1
