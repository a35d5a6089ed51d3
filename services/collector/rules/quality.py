"""The best answer by a measure of quality."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

import numpy as np

from hedgerow.v1 import rules_pb2 as pb
from hedgerow.v1.plans_pb2 import PlanModel
from services.collector.rules.columns import WAITS, Columns, Flags, Numbers, Places, Verdicts
from services.collector.rules.rule import Rule, voters_of
from services.collector.rules.verdict import NOBODY, Value, Verdict


class QualityRule(Rule):
    """The best answer by a measure: the model's rank in the plan, or the answer's confidence.

    Models rank by a metric, or as they are listed. BEST_QUALITY: nothing outstanding can be *better* (equal
    is not better; a confidence can be 1), or the deadline came. GOOD_ENOUGH: a better one may come, but the
    confidence of this one is at least `good_enough`; of several, the best by the measure. Equals go to the
    one listed first.
    """

    __slots__ = ("good_enough", "possible", "ranks")

    def __init__(
        self, voters: Sequence[int], ranks: Sequence[float] | None, good_enough: float | None
    ) -> None:
        """Take the rank of each model of the plan (higher is better), or None to go by confidence."""
        super().__init__(voters)
        self.ranks = None if ranks is None else tuple(ranks)
        self.possible = self.ranks or (1.0,) * (max(voters) + 1)
        """The best that each model can still reach."""
        self.good_enough = math.inf if good_enough is None else good_enough

    @classmethod
    def of(
        cls,
        rule: pb.Rule,
        models: Sequence[PlanModel],
        qualities: Sequence[float],
        otherwise: Rule | None,
    ) -> Self:
        quality = rule.quality
        good_enough = quality.good_enough if quality.HasField("good_enough") else None
        return cls(voters_of(models), _ranks(quality, qualities), good_enough)

    def judge(
        self,
        values: Sequence[Value],
        confidences: Sequence[float],
        outstanding: int,
        at_deadline: bool,
    ) -> Verdict | None:
        measure = self.ranks or confidences
        best = good = NOBODY
        ceiling = -math.inf
        for model in self.voters:
            if values[model] is not None:
                if best < 0 or measure[model] > measure[best]:
                    best = model
                if confidences[model] >= self.good_enough and (
                    good < 0 or measure[model] > measure[good]
                ):
                    good = model
            elif outstanding >> model & 1:
                ceiling = max(ceiling, self.possible[model])
        if best < 0:
            return None
        if measure[best] >= ceiling:
            return best, pb.REASON_BEST_QUALITY, self.agreeing(values, values[best])
        if good >= 0:
            return good, pb.REASON_GOOD_ENOUGH, self.agreeing(values, values[good])
        if at_deadline:
            return best, pb.REASON_BEST_QUALITY, self.agreeing(values, values[best])
        return None

    def judge_columns(self, columns: Columns, outstanding: int, at_deadline: bool) -> Verdicts:
        measure = columns.confidences
        if self.ranks is not None:
            of_model = np.array(self.ranks)[columns.models]
            measure = np.broadcast_to(of_model[:, np.newaxis], columns.codes.shape)
        out = [self.possible[model] for model in self.voters if outstanding >> model & 1]
        ceiling = max(out, default=-np.inf)
        best, reached = _best(measure, columns.present)
        good, _ = _best(measure, columns.present & (columns.confidences >= self.good_enough))
        is_best = (best >= 0) & (reached >= ceiling)
        is_good = ~is_best & (good >= 0)
        chosen = np.where(is_best | at_deadline, best, WAITS)
        reasons = np.where(is_good, pb.REASON_GOOD_ENOUGH, pb.REASON_BEST_QUALITY)
        return Verdicts.of_columns(columns, np.where(is_good, good, chosen), reasons)


def _ranks(rule: pb.QualityRule, qualities: Sequence[float]) -> list[float] | None:
    """Rank the models of a plan, equals alike; None: by confidence.

    Ranks are finite, also of models without the metric: one of them still is better than no answer.
    """
    match rule.WhichOneof("measure"):
        case "confidence":
            return None
        case "metric":
            ascending = sorted(set(qualities))
            return [float(ascending.index(quality)) for quality in qualities]
    return [-float(place) for place in range(len(qualities))]


def _best(measure: Numbers, among: Flags) -> tuple[Places, Numbers]:
    """The first column with the largest measure in each record (WAITS: there is none), and the measure."""
    limited = np.where(among, measure, -np.inf)
    best = limited.argmax(axis=0)
    reached = np.take_along_axis(limited, best[np.newaxis], 0)[0]
    return np.where(among.any(axis=0), best, WAITS), reached
