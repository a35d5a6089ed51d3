"""What disagreement tells: how often each model says what was decided, or what nobody else says.

Answers agree when they are equal; numbers, under a consensus, within its tolerance. A model is alone with
its answer to a record when others answered it too and none of them agrees. A record without an answer is
agreed on by nobody.

All of this is counted twice over, as the deciding is: by columns of codes (see `columns`) for large
batches, and by lists of values, which are faster for few records.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import eq
from typing import NamedTuple

import numpy as np

from services.collector.rules.columns import ABSENT, Flags, Places
from services.collector.rules.tolerance import Tolerance
from services.collector.rules.verdict import Value, is_number
from services.collector.tasks.model_answer import ModelAnswer


class Tally(NamedTuple):
    """Of some records that one model was asked for: those in which it agrees, or is alone."""

    agreed: int
    alone: int


class Coded:
    """What was decided for many records: codes, NOTHING for no answer, and what numbers the labels."""

    __slots__ = ("codes", "labels")

    def __init__(self, codes: Places, labels: dict[str, int]) -> None:
        self.codes = codes
        self.labels = labels

    def __len__(self) -> int:
        return len(self.codes)


Decided = Sequence[Value] | Coded
"""What was decided for the records of a task; None where there is no answer."""


def count_agreeing(answer: ModelAnswer, decided: Decided, tolerance: Tolerance | None) -> int:
    """Return in how many records a model that answers after the decision agrees with it."""
    if isinstance(decided, Coded):
        codes = answer.codes(decided.labels, len(decided))
        return int(_alike(codes, decided.codes, tolerance).sum())
    return _agreeing(answer.values(len(decided)), decided, tolerance)


def agree(own: Value, other: Value, tolerance: Tolerance | None) -> bool:
    """Tell whether two answers agree; None is no answer."""
    if own is None or other is None:
        return False
    if own == other:
        return True
    if tolerance is not None and is_number(own) and is_number(other):
        return tolerance.agree(min(own, other), max(own, other))
    return False


def tally_values(
    said: Sequence[Sequence[Value]], decided: Sequence[Value], tolerance: Tolerance | None
) -> list[Tally]:
    """Count by what each model said of each record, None where it said nothing."""
    alone = [0] * len(said)
    for values in zip(*said, strict=True):
        # Most often all say the same.
        if values.count(values[0]) < len(values) and len(values) - values.count(None) > 1:
            for model, value in enumerate(values):
                if value is not None and supporters(value, values, tolerance) == 1:
                    alone[model] += 1
    agreed = [_agreeing(values, decided, tolerance) for values in said]
    return [Tally(*counts) for counts in zip(agreed, alone, strict=True)]


def tally_codes(said: Places, decided: Places, tolerance: Tolerance | None) -> list[Tally]:
    """Count by codes [models, n], ABSENT where a model said nothing, and what was decided [n]."""
    agreed = _alike(said, decided, tolerance).sum(axis=1)
    alone = np.zeros(len(said), np.int64)
    # Most often all say the same, and what few are left cost little.
    differing = said[:, (said != said[0]).any(axis=0)]
    if differing.size:
        present = differing != ABSENT
        several = present.sum(axis=0) > 1
        for model, codes in enumerate(differing):
            supporters = _alike(differing, codes, tolerance).sum(axis=0)
            alone[model] = (present[model] & several & (supporters == 1)).sum()
    return [Tally(*counts) for counts in zip(agreed.tolist(), alone.tolist(), strict=True)]


def _agreeing(
    values: Sequence[Value], decided: Sequence[Value], tolerance: Tolerance | None
) -> int:
    if tolerance is None and None not in decided:
        return sum(map(eq, values, decided))
    return sum([agree(*pair, tolerance) for pair in zip(values, decided, strict=True)])


def supporters(own: Value, values: Sequence[Value], tolerance: Tolerance | None) -> int:
    """Return how many agree with a model's answer, itself included."""
    if tolerance is None or isinstance(own, str):
        return values.count(own)
    return sum([agree(own, value, tolerance) for value in values])


def _alike(codes: Places, other: Places, tolerance: Tolerance | None) -> Flags:
    """Which codes [..., n] are of answers that agree with those of others [n]; ABSENT is like ABSENT."""
    alike: Flags = codes == other
    if tolerance is not None:
        # What is no number is NaN by its bits, and agrees with nothing.
        alike |= tolerance.agree_columns(codes.view(np.float64), other.view(np.float64))
    return alike
