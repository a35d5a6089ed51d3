"""Open tasks of one record: most are."""

from __future__ import annotations

from services.collector.agreement import tally_values
from services.collector.decider import decide
from services.collector.parts import Part
from services.collector.rules import Value, Verdict
from services.collector.tasks import Task


class OneRecord(Task):
    """A task of one record."""

    __slots__ = ("_confidences", "_values", "_verdict")

    def _prepare(self) -> None:
        size = len(self.parts)
        self._values: list[Value] = [None] * size
        self._confidences = [0.0] * size
        self._verdict: Verdict | None = None

    def take(self, place: int, part: Part) -> None:
        report, row = part.report, part.start
        self.parts[place] = part
        self.outstanding &= ~(1 << place)
        self._values[place] = report.values[row]
        if report.confidences is not None:
            confidence = report.confidences[row]
            if confidence == confidence:  # not NaN
                self._confidences[place] = confidence

    def judge(self, at_deadline: bool) -> bool:
        self._verdict = decide(
            self.lineup.policy, self._values, self._confidences, self.outstanding, at_deadline
        )
        return self._verdict is not None

    def verdicts(self) -> list[Verdict]:
        assert self._verdict is not None
        return [self._verdict]

    def answers(self) -> list[Value]:
        assert self._verdict is not None
        place = self._verdict[0]
        return [self.lineup.policy.default if place < 0 else self._values[place]]

    def trust(self) -> list[float | None]:
        assert self._verdict is not None
        place = self._verdict[0]
        return [None if place < 0 else self.confidence(0, place)]

    def undecided(self) -> list[int]:
        return []

    def value(self, record: int, place: int) -> Value:
        return self._values[place]

    def _count_answers(self) -> None:
        assert self._verdict is not None
        chosen, _, agreed = self._verdict
        all_agreed = True
        for place, part in enumerate(self.parts):
            if part is None:
                continue
            counts = part.report.counts
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
        said = [[value] for value in self._values]
        tallies = tally_values(said, self.answers(), self.lineup.policy.tolerance)
        for place, (part, tally) in enumerate(zip(self.parts, tallies, strict=True)):
            if part is not None:
                part.report.counts.alone += tally.alone
                if not agreed >> place & 1:
                    part.report.counts.agreed += tally.agreed
