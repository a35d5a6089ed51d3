"""What is remembered of a task that has ended, for those of its models that are heard later."""

from __future__ import annotations

from services.collector.agreement import Answers, agree, count_agreeing
from services.collector.lineup import Lineup
from services.collector.parts import Part, records_of
from services.collector.reports import Report, Result


class Outcome:
    """What was decided, and who was out then, as bits; of a task that was cancelled nothing was decided.

    A voter that is heard now is late, and its work was wasted. A shadow is not, for nobody waits for
    shadows. Either is compared with what was decided, once: what a second host says is no news.
    """

    __slots__ = ("_lineup", "_out", "decided")

    def __init__(self, lineup: Lineup, out: int, decided: Answers) -> None:
        self._lineup = lineup
        self._out = out
        self.decided = decided

    def hear(self, report: Report, start: int, result: Result) -> None:
        """Count what a model says of the task now."""
        place = self._lineup.place_of(report.name, report.version)
        news = 0 if place is None else self._out & 1 << place
        self._out ^= news
        counts, (_, rows, _, failure, _) = report.counts, result
        if place is None or not self._lineup.shadows[place]:
            counts.late += 1
            counts.wasted += report.row_seconds * rows
        elif not news:
            counts.wasted += report.row_seconds * rows
        elif failure:
            counts.failed += 1
        else:
            counts.answered += 1
        if news and not failure:
            self._compare(report, start, result)

    def _compare(self, report: Report, start: int, result: Result) -> None:
        counts, rows, decided = report.counts, result[1], self.decided
        tolerance = self._lineup.policy.tolerance
        if rows == 1 and len(decided) == 1:
            assert isinstance(decided, list)
            counts.records += 1
            counts.agreed += agree(report.values[start], decided[0], tolerance)
            return
        records, misfit = records_of(result, len(decided))
        if not misfit:
            counts.records += rows
            counts.agreed += count_agreeing(Part(report, start, 0.0, records), decided, tolerance)
