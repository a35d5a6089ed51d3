"""The rules that judge what the models said about one record: what all have in common, and two of them.

A rule sees, for each model of the plan by its place in it: the value (a label, a number, or None where
there is no answer), the confidence (0 where the answer has none), and in `outstanding` a bit for each
model that may still answer. From that alone it gives a verdict or says that it waits, so the order in
which the results came cannot matter. Shadow models are no voters and are looked at by no rule.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

from hedgerow.v1 import scoring_pb2 as pb

Value = str | float | None
"""A label, a number, or no answer."""

Verdict = tuple[int, int, int]
"""The place of the model that answered, the Reason, and a bit for each voter that gave that answer too."""

NOBODY = -1
"""In place of a model: a default, or no answer at all."""


def places_of(bits: int) -> list[int]:
    """Return the places in the plan that a set of models stands for, ascending."""
    places = []
    while bits:
        lowest = bits & -bits
        places.append(lowest.bit_length() - 1)
        bits ^= lowest
    return places


class Rule(ABC):
    """Picks one answer for a record. Immutable; made once a plan.

    An implementer guarantees: the verdict names a voter whose value is not None; where any voter has
    answered, there is a verdict at the deadline and when none is outstanding; and once there is a
    verdict, more answers may change it but never undo it.
    """

    __slots__ = ("voters",)

    def __init__(self, voters: Sequence[int]) -> None:
        self.voters = tuple(voters)

    @abstractmethod
    def judge(
        self,
        values: Sequence[Value],
        confidences: Sequence[float],
        outstanding: int,
        at_deadline: bool,
    ) -> Verdict | None:
        """Return the verdict, or None to wait (or, when there is nothing to wait for, for no answer)."""

    def agreeing(self, values: Sequence[Value], value: Value) -> int:
        """Return a bit for each voter with exactly this value."""
        mask = 0
        for model in self.voters:
            if values[model] == value:
                mask |= 1 << model
        return mask


class TimeoutRule(Rule):
    """The best-listed model that answers in time.

    PREFERRED: it answered and no better-listed one can any more. BEST_AVAILABLE: the deadline came while
    a better-listed one was out.
    """

    __slots__ = ()

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


class QualityRule(Rule):
    """The best answer by a measure: the model's registered quality, or the answer's confidence.

    BEST_QUALITY: nothing outstanding can be *better* (equal is not better; a confidence can be 1), or
    the deadline came. GOOD_ENOUGH: a better one may come, but the confidence of this one is at least
    `good_enough`; of several, the best by the measure. Equals go to the one listed first.
    """

    __slots__ = ("good_enough", "possible", "qualities")

    def __init__(
        self, voters: Sequence[int], qualities: Sequence[float] | None, good_enough: float | None
    ) -> None:
        """Take the quality of each model of the plan, or None to go by confidence."""
        super().__init__(voters)
        self.qualities = None if qualities is None else tuple(qualities)
        self.possible = self.qualities or (1.0,) * (max(voters) + 1)
        """The best that each model can still reach."""
        self.good_enough = math.inf if good_enough is None else good_enough

    def judge(
        self,
        values: Sequence[Value],
        confidences: Sequence[float],
        outstanding: int,
        at_deadline: bool,
    ) -> Verdict | None:
        measure = self.qualities or confidences
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
