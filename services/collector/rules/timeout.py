"""The best-listed model that answers in time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from hedgerow.v1 import rules_pb2 as pb
from hedgerow.v1.plans_pb2 import PlanModel
from services.collector.rules.columns import WAITS, Columns, Places, Verdicts
from services.collector.rules.rule import Rule, voters_of
from services.collector.rules.verdict import Value, Verdict


class TimeoutRule(Rule):
    """The best-listed model that answers in time.

    PREFERRED: it answered and no better-listed one can any more. BEST_AVAILABLE: the deadline came while
    a better-listed one was out.
    """

    __slots__ = ()

    @classmethod
    def of(
        cls,
        rule: pb.Rule,
        models: Sequence[PlanModel],
        qualities: Sequence[float],
        otherwise: Rule | None,
    ) -> Self:
        return cls(voters_of(models))

    def judge(
        self,
        values: Sequence[Value],
        confidences: Sequence[float],
        outstanding: int,
        at_deadline: bool,
    ) -> Verdict | None:
        reason = pb.REASON_PREFERRED
        for model in self.voters:
            value = values[model]
            if value is not None:
                return model, reason, self.agreeing(values, value)
            if outstanding >> model & 1:
                if not at_deadline:
                    return None
                reason = pb.REASON_BEST_AVAILABLE
        return None

    def judge_columns(self, columns: Columns, outstanding: int, at_deadline: bool) -> Verdicts:
        chosen: Places = np.full(columns.size, WAITS, np.int64)
        reasons: Places = np.zeros(columns.size, np.int64)
        reason = pb.REASON_PREFERRED
        column_of = {model: column for column, model in enumerate(columns.models.tolist())}
        for model in self.voters:
            if model in column_of:
                column = column_of[model]
                rows = (chosen == WAITS) & columns.present[column]
                chosen[rows], reasons[rows] = column, reason
            elif outstanding >> model & 1:
                if not at_deadline:
                    break
                reason = pb.REASON_BEST_AVAILABLE
        return Verdicts.of_columns(columns, chosen, reasons)
