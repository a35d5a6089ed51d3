"""What is remembered of a task that has ended, for those of its models that report later."""

from __future__ import annotations

from services.collector.tasks.agreement import Decided, agree, count_agreeing
from services.collector.tasks.lineup import Lineup
from services.collector.tasks.model_answer import ModelAnswer, records_of
from services.collector.tasks.reports import Report, Result


class EndedTask:
    """What was decided, and which models were outstanding then, as bits.

    Of a task that was cancelled nothing was decided.

    A voter that reports now is late, which was counted at the deadline if that was the end (`late`, bits
    as well), and its work was wasted. A shadow is not, for nobody waits for
    shadows. Either is compared with what was decided, once: what a second host says is no news.
    """

    __slots__ = ("_late", "_lineup", "_outstanding", "decided")

    def __init__(self, lineup: Lineup, outstanding: int, decided: Decided, late: int = 0) -> None:
        self._lineup = lineup
        self._outstanding = outstanding
        self._late = late
        self.decided = decided

    def count(self, report: Report, start: int, result: Result) -> None:
        """Count what a model says of the task now."""
        place = self._lineup.place_of(report.name, report.version)
        news = 0 if place is None else self._outstanding & 1 << place
        self._outstanding ^= news
        counts, rows, failure = report.counts, result[1], result[3]
        if place is None or not self._lineup.shadows[place]:
            if place is None or not self._late >> place & 1:
                counts.late += 1
            counts.wasted += report.row_seconds * rows
        elif not news:
            counts.wasted += report.row_seconds * rows
        elif failure:
            counts.failed += 1
        else:
            counts.answered += 1
        if not news or failure:
            return
        if rows == len(self.decided) == 1:
            self._compare_one(report, start)
        else:
            self._compare(report, start, result)

    def _compare_one(self, report: Report, start: int) -> None:
        counts = report.counts
        counts.records += 1
        (answer,) = self.decided  # type: ignore[misc]
        said = report.values[start]
        if said is not None and said == answer:
            counts.agreed += 1
        else:
            counts.agreed += agree(said, answer, self._lineup.policy.tolerance)

    def _compare(self, report: Report, start: int, result: Result) -> None:
        counts, decided = report.counts, self.decided
        records, misfit = records_of(result, len(decided))
        if not misfit:
            answer = ModelAnswer(report, start, 0.0, records)
            counts.records += result[1]
            counts.agreed += count_agreeing(answer, decided, self._lineup.policy.tolerance)
