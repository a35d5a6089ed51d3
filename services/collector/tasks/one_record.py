"""Open tasks of one record: most are."""

from __future__ import annotations

import math

from services.collector.rules.decider import decide
from services.collector.rules.verdict import Value, Verdict, by_deadline
from services.collector.tasks.agreement import agree, supporters
from services.collector.tasks.model_answer import ModelAnswer
from services.collector.tasks.task import Task


class OneRecord(Task):
    """A task of one record."""

    __slots__ = ("_confidences", "_values", "_verdict")

    def _prepare(self) -> None:
        size = len(self.model_answers)
        self._values: list[Value] = [None] * size
        self._confidences = [0.0] * size
        self._verdict: Verdict | None = None

    def take(self, place: int, answer: ModelAnswer) -> None:
        report, row = answer.report, answer.start
        self.model_answers[place] = answer
        self.outstanding &= ~(1 << place)
        self._values[place] = report.values[row]
        if report.confidences is not None:
            confidence = report.confidences[row]
            if confidence == confidence:  # not NaN
                self._confidences[place] = confidence

    def judge(self, at_deadline: bool) -> bool:
        verdict = decide(
            self.lineup.policy, self._values, self._confidences, self.outstanding, at_deadline
        )
        self._verdict = by_deadline(verdict) if verdict and at_deadline else verdict
        return verdict is not None

    def verdicts(self) -> list[Verdict]:
        assert self._verdict is not None
        return [self._verdict]

    def answers(self) -> tuple[Value]:
        return self.decided_answers()

    def decided_answers(self) -> tuple[Value]:
        assert self._verdict is not None
        place = self._verdict[0]
        return (self.lineup.policy.default if place < 0 else self._values[place],)

    def confidences(self) -> tuple[float]:
        assert self._verdict is not None
        place = self._verdict[0]
        answer = self.model_answers[place] if place >= 0 else None
        if answer is None or answer.report.confidences is None:
            return (math.nan,)
        return (answer.report.confidences[answer.start],)

    def undecided(self) -> list[int]:
        return []

    def _count_answers(self) -> None:
        assert self._verdict is not None
        chosen, _, agreed = self._verdict
        all_agreed = True
        for place, answer in enumerate(self.model_answers):
            if answer is None:
                continue
            counts = answer.report.counts
            counts.records += 1
            if agreed >> place & 1:
                counts.agreed += 1
                if place == chosen:
                    counts.chosen += 1
            else:
                all_agreed = False
        if not all_agreed:
            self._count_others(agreed)

    def _count_others(self, agreed: int) -> None:
        """Count who agrees without being in the group that answered, and who is alone."""
        values, (decided,) = self._values, self.decided_answers()
        tolerance = self.lineup.policy.tolerance
        several = len(values) - values.count(None) > 1
        for place, (answer, value) in enumerate(zip(self.model_answers, values, strict=True)):
            if answer is None or value is None:
                continue
            if not agreed >> place & 1 and agree(value, decided, tolerance):
                answer.report.counts.agreed += 1
            if several and supporters(value, values, tolerance) == 1:
                answer.report.counts.alone += 1
