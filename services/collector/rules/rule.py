"""The rules that judge what the models said about one record: what all of them promise.

A rule sees, for each model of the plan by its place in it: the value (a label, a number, or None where
there is no answer), the confidence (0 where the answer has none), and in `outstanding` a bit for each
model that may still answer. From that alone it gives a verdict or says that it waits, so the order in
which the results came cannot matter. Shadow models are no voters and are looked at by no rule.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

from hedgerow.v1 import rules_pb2 as pb
from hedgerow.v1.plans_pb2 import PlanModel
from services.collector.rules.columns import Columns, Verdicts
from services.collector.rules.tolerance import Tolerance
from services.collector.rules.verdict import Value, Verdict


class Rule(ABC):
    """Picks one answer for a record. Immutable; made once a plan.

    An implementer guarantees: the verdict names a voter whose value is not None; where any voter has
    answered, there is a verdict at the deadline and when none is outstanding; and once there is a
    verdict, more answers may change it but never undo it.
    """

    __slots__ = ("tolerance", "voters")

    def __init__(self, voters: Sequence[int], tolerance: Tolerance | None = None) -> None:
        """Take the places of the models that vote, in the plan's order."""
        self.voters = tuple(voters)
        self.tolerance = tolerance
        """When two numbers are one answer; None: when they are equal."""

    @classmethod
    @abstractmethod
    def of(
        cls,
        rule: pb.Rule,
        models: Sequence[PlanModel],
        qualities: Sequence[float],
        otherwise: Rule | None,
    ) -> Self:
        """Make the rule of a plan that contradicts itself in nothing.

        `qualities` are what the plan's metric says of its models (higher is better, -infinity: none),
        `otherwise` is the rule that judges where this one finds nothing, for a rule that has one.
        """

    @abstractmethod
    def judge(
        self,
        values: Sequence[Value],
        confidences: Sequence[float],
        outstanding: int,
        at_deadline: bool,
    ) -> Verdict | None:
        """Return the verdict, or None to wait (or, when there is nothing to wait for, for no answer)."""

    def judge_columns(self, columns: Columns, outstanding: int, at_deadline: bool) -> Verdicts:
        """Judge many records as `judge` does one. All models of `columns` are voters.

        A record may be left to `judge` (BY_ITSELF), as all are here. Over columns a rule is some thirty
        times as fast, so those that large batches meet are written twice, but for what is rare and long.
        """
        return Verdicts.left_to_judge(columns.size)

    def agreeing(self, values: Sequence[Value], value: Value) -> int:
        """Return a bit for each voter with exactly this value."""
        mask = 0
        for model in self.voters:
            if values[model] == value:
                mask |= 1 << model
        return mask


def voters_of(models: Sequence[PlanModel]) -> list[int]:
    """Return the places of the models that vote: all but shadows."""
    return [place for place, model in enumerate(models) if not model.shadow]
