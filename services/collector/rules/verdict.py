"""What a model said about one record, what is decided for it, and models as bits."""

from __future__ import annotations

from typing import TypeGuard

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


def is_number(value: Value) -> TypeGuard[float]:
    """Tell whether an answer is a number."""
    return value is not None and not isinstance(value, str)
