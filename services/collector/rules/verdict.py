"""What a model said about one record, what is decided for it, and models as bits."""

from __future__ import annotations

from typing import TypeGuard

from hedgerow.v1 import rules_pb2 as pb

Value = str | float | None
"""A label, a number, or no answer."""

Verdict = tuple[int, int, int]
"""The place of the model that answered, the Reason, and a bit for each voter that gave that answer too."""

NOBODY = -1
"""In place of a model: a default, or no answer at all."""

_IN_TIME: dict[int, int] = {
    pb.REASON_BEST_QUALITY: pb.REASON_BEST_QUALITY_IN_TIME,
    pb.REASON_PLURALITY: pb.REASON_PLURALITY_IN_TIME,
}


def by_deadline(verdict: Verdict) -> Verdict:
    """Return a verdict as that of a record that was still undecided when the deadline came.

    A rule gives the same reason for the best there is, whether nobody else is to come or time is up. It
    is the same answer; but what somebody can do about it differs.
    """
    place, reason, agreed = verdict
    return place, _IN_TIME.get(reason, reason), agreed


def places_of(bits: int) -> list[int]:
    """Return the places in the plan that a set of models stands for, ascending."""
    places = []
    while bits:
        lowest = bits & -bits
        places.append(lowest.bit_length() - 1)
        bits ^= lowest
    return places


def is_number(value: Value) -> TypeGuard[float]:
    """Tell whether an answer is a number."""
    return value is not None and not isinstance(value, str)
