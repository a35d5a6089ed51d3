"""Open tasks of many records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.collector.agreement import count_many
from services.collector.columns import ABSENT, TIED, WAITS, Columns
from services.collector.decider import decide
from services.collector.reports import Part
from services.collector.rules import Value, Verdict
from services.collector.tasks import Task
from services.collector.vectors import can_judge_rows, judge_rows

_WORTH_COLUMNS = 16
"""Records from which on columns are faster than one record after the other."""


class ManyRecords(Task):
    """A task of any number of records."""

    __slots__ = ("_answers", "_codes", "_pending", "_verdicts")

    def _prepare(self) -> None:
        self._verdicts: list[Verdict | None] = [None] * self.rows
        self._pending = list(range(self.rows))
        self._codes: dict[str, int] = {}
        self._answers: list[Value] | None = None

    def judge(self, at_deadline: bool) -> bool:
        pending = self._pending
        found = self._judge_pending(at_deadline)
        self._pending = []
        for row, verdict in zip(pending, found, strict=True):
            self._verdicts[row] = verdict
            if verdict is None:
                self._pending.append(row)
        return not self._pending

    def verdicts(self) -> list[Verdict]:
        return [verdict for verdict in self._verdicts if verdict is not None]

    def undecided(self) -> list[int]:
        return [] if len(self._pending) == self.rows else self._pending

    def answers(self) -> list[Value]:
        if self._answers is None:
            default = self.lineup.policy.default
            said = [
                () if part is None else part.listed(part.report.values, self.rows)
                for part in self.parts
            ]
            places = enumerate([place for place, _, _ in self.verdicts()])
            self._answers = [default if place < 0 else said[place][row] for row, place in places]
        return self._answers

    def trust(self) -> list[float | None]:
        said: list[Sequence[float | None]] = []
        for part in self.parts:
            confidences = None if part is None else part.report.confidences
            if part is None or confidences is None:
                said.append([None] * self.rows)
            else:
                said.append(part.listed(confidences, self.rows))
        places = enumerate([place for place, _, _ in self.verdicts()])
        return [None if place < 0 else said[place][row] for row, place in places]

    def _count_agreement(self) -> None:
        count_many(self.parts, self.answers(), self._codes, self.lineup.policy.tolerance)

    def _judge_pending(self, at_deadline: bool) -> list[Verdict | None]:
        voted = self._voted()
        if len(self._pending) < _WORTH_COLUMNS or not self._have_columns(voted):
            return [self._decide(row, at_deadline) for row in self._pending]
        policy = self.lineup.policy
        columns = self._columns(voted)
        found = judge_rows(policy.rule, columns, self.outstanding, at_deadline).to_list()
        final = at_deadline or not self.outstanding & policy.voters
        unanswered = policy.nothing if final else None
        verdicts: list[Verdict | None] = []
        for row, verdict in zip(self._pending, found, strict=True):
            if verdict[0] >= 0:
                verdicts.append(verdict)
            elif verdict[0] == TIED:
                verdicts.append(self._decide(row, at_deadline))
            else:
                assert verdict[0] == WAITS
                verdicts.append(unanswered)
        return verdicts

    def _voted(self) -> list[tuple[int, Part]]:
        """The voters that have answered, by their places."""
        voters = self.lineup.policy.voters
        return [
            (place, part)
            for place, part in enumerate(self.parts)
            if part is not None and voters >> place & 1
        ]

    def _have_columns(self, voted: list[tuple[int, Part]]) -> bool:
        """Columns are of labels, or of numbers, not of both."""
        kinds = {part.report.classes is None for _, part in voted}
        return len(kinds) == 1 and can_judge_rows(self.lineup.policy.rule)

    def _columns(self, voted: list[tuple[int, Part]]) -> Columns:
        size = self.rows
        parts = [part for _, part in voted]
        numbers = None
        if parts[0].report.classes is None:
            numbers = np.stack(
                [p.spread(p.report.numbers(p.start, p.stop), size, np.nan) for p in parts]
            )
        columns = Columns(
            [place for place, _ in voted],
            np.stack(
                [
                    p.spread(p.report.codes(self._codes, p.start, p.stop), size, ABSENT)
                    for p in parts
                ]
            ),
            np.stack([p.spread(p.report.trust(p.start, p.stop), size, 0.0) for p in parts]),
            numbers,
        )
        return columns if len(self._pending) == self.rows else columns.take(np.array(self._pending))

    def _decide(self, row: int, at_deadline: bool) -> Verdict | None:
        """Decide one record as if it were alone."""
        size = len(self.parts)
        values: list[Value] = [None] * size
        confidences = [0.0] * size
        for place, part in enumerate(self.parts):
            if part is not None:
                values[place] = self.value(row, place)
                confidence = self.confidence(row, place)
                if confidence is not None and confidence == confidence:
                    confidences[place] = confidence
        policy = self.lineup.policy
        return decide(policy, values, confidences, self.outstanding, at_deadline)
