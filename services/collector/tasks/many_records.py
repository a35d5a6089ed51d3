"""Open tasks of many records."""

from __future__ import annotations

import math
from typing import NamedTuple, cast

import numpy as np

from services.collector.rules.columns import BY_ITSELF, NOTHING, WAITS, Columns, Numbers, Places
from services.collector.rules.decider import decide
from services.collector.rules.verdict import Value, Verdict, by_deadline
from services.collector.tasks.agreement import Coded, Decided, tally_codes, tally_values
from services.collector.tasks.model_answer import ModelAnswer
from services.collector.tasks.reports import code_of
from services.collector.tasks.task import Task

_WORTH_COLUMNS = 16
"""Records from which on columns are faster than one record after the other."""


class _Column(NamedTuple):
    """What one model said: the code of each answer, and the confidence."""

    codes: Places
    confidences: Numbers


class ManyRecords(Task):
    """A task of any number of records."""

    __slots__ = (
        "_answers",
        "_coded",
        "_columns_of",
        "_confidences",
        "_labels",
        "_pending",
        "_said",
        "_verdicts",
    )

    def _prepare(self) -> None:
        self._verdicts: list[Verdict | None] = [None] * self.rows
        self._pending = list(range(self.rows))
        self._labels: dict[str, int] = {}
        self._columns_of: dict[int, _Column] = {}
        self._answers: list[Value] | None = None
        self._coded: Coded | None = None
        # Of each model; those that have not answered share a list.
        self._said: list[list[Value]] = [[None] * self.rows] * len(self.model_answers)
        self._confidences: list[list[float]] = [[0.0] * self.rows] * len(self.model_answers)

    def take(self, place: int, answer: ModelAnswer) -> None:
        super().take(place, answer)
        self._said[place] = answer.values(self.rows)
        self._confidences[place] = answer.confidences_or_zero(self.rows)

    def judge(self, at_deadline: bool) -> bool:
        pending = self._pending
        found = self._judge_pending(at_deadline)
        self._pending = []
        for row, verdict in zip(pending, found, strict=True):
            self._verdicts[row] = by_deadline(verdict) if verdict and at_deadline else verdict
            if verdict is None:
                self._pending.append(row)
        return not self._pending

    def verdicts(self) -> list[Verdict]:
        assert not self._pending
        return cast(list[Verdict], self._verdicts)

    def undecided(self) -> list[int]:
        return [] if len(self._pending) == self.rows else self._pending

    def answers(self) -> list[Value]:
        if self._answers is None:
            default = self.lineup.policy.default
            said = self._said
            self._answers = [
                default if verdict[0] < 0 else said[verdict[0]][row]
                for row, verdict in enumerate(self.verdicts())
            ]
        return self._answers

    def confidences(self) -> list[float]:
        said = [
            () if answer is None else answer.confidences(self.rows) for answer in self.model_answers
        ]
        return [
            math.nan if verdict[0] < 0 else said[verdict[0]][row]
            for row, verdict in enumerate(self.verdicts())
        ]

    def decided_answers(self) -> Decided:
        return self.answers() if self.rows < _WORTH_COLUMNS else self._coded_answers()

    def _coded_answers(self) -> Coded:
        if self._coded is None:
            self._coded = self._encode_answers()
        return self._coded

    def _encode_answers(self) -> Coded:
        chosen = np.array([place for place, _, _ in self.verdicts()])
        default = self.lineup.policy.default
        nobody = NOTHING if default is None else code_of(default, self._labels)
        codes = np.full(self.rows, nobody, np.int64)
        for place, answer in enumerate(self.model_answers):
            if answer is not None:
                rows = chosen == place
                codes[rows] = self._column(place, answer).codes[rows]
        return Coded(codes, self._labels)

    def _count_answers(self) -> None:
        given = [
            (place, answer) for place, answer in enumerate(self.model_answers) if answer is not None
        ]
        if not given:
            return
        tolerance = self.lineup.policy.tolerance
        if self.rows < _WORTH_COLUMNS:
            said = [self._said[place] for place, _ in given]
            tallies = tally_values(said, self.answers(), tolerance)
        else:
            codes = np.stack([self._column(place, answer).codes for place, answer in given])
            tallies = tally_codes(codes, self._coded_answers().codes, tolerance)
        chosen = [place for place, _, _ in self.verdicts()]
        for (place, answer), tally in zip(given, tallies, strict=True):
            counts = answer.report.counts
            counts.records += answer.asked(self.rows)
            counts.agreed += tally.agreed
            counts.alone += tally.alone
            counts.chosen += chosen.count(place)

    def _judge_pending(self, at_deadline: bool) -> list[Verdict | None]:
        voted = self._voted()
        if len(self._pending) < _WORTH_COLUMNS or not self._have_columns(voted):
            return [self._decide(row, at_deadline) for row in self._pending]
        policy = self.lineup.policy
        columns = self._columns(voted)
        found = policy.rule.judge_columns(columns, self.outstanding, at_deadline).to_list()
        final = at_deadline or not self.outstanding & policy.voters
        unanswered = policy.nothing if final else None
        verdicts: list[Verdict | None] = []
        for row, verdict in zip(self._pending, found, strict=True):
            if verdict[0] >= 0:
                verdicts.append(verdict)
            elif verdict[0] == BY_ITSELF:
                verdicts.append(self._decide(row, at_deadline))
            else:
                assert verdict[0] == WAITS
                verdicts.append(unanswered)
        return verdicts

    def _voted(self) -> list[tuple[int, ModelAnswer]]:
        """The voters that have answered, by their places."""
        voters = self.lineup.policy.voters
        return [
            (place, answer)
            for place, answer in enumerate(self.model_answers)
            if answer is not None and voters >> place & 1
        ]

    def _have_columns(self, voted: list[tuple[int, ModelAnswer]]) -> bool:
        """Columns are of labels, or of numbers, not of both."""
        kinds = {answer.report.classes is None for _, answer in voted}
        return len(kinds) == 1

    def _columns(self, voted: list[tuple[int, ModelAnswer]]) -> Columns:
        found = [self._column(place, answer) for place, answer in voted]
        codes = np.stack([column.codes for column in found])
        columns = Columns(
            [place for place, _ in voted],
            codes,
            np.stack([column.confidences for column in found]),
            codes.view(np.float64) if voted[0][1].report.classes is None else None,
        )
        return columns if len(self._pending) == self.rows else columns.take(np.array(self._pending))

    def _column(self, place: int, answer: ModelAnswer) -> _Column:
        column = self._columns_of.get(place)
        if column is None:
            column = _Column(
                answer.codes(self._labels, self.rows), answer.confidence_array(self.rows)
            )
            self._columns_of[place] = column
        return column

    def _decide(self, row: int, at_deadline: bool) -> Verdict | None:
        """Decide one record as if it were alone."""
        values = [column[row] for column in self._said]
        confidences = [column[row] for column in self._confidences]
        policy = self.lineup.policy
        return decide(policy, values, confidences, self.outstanding, at_deadline)
