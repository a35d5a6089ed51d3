"""Counting who agrees: by columns as one record after the other, and both as the words have it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.collector.rules.columns import ABSENT, NOTHING
from services.collector.rules.tolerance import Tolerance
from services.collector.rules.verdict import Value
from services.collector.tasks.agreement import Tally, tally_codes, tally_values
from services.collector.tasks.reports import code_of

VALUES: tuple[Value, ...] = ("x", "y", "1", None, 0.0, -0.0, 1.0, 1.5, 2.5, -1.0)
tolerances = st.sampled_from([None, Tolerance(0.5, 0.0), Tolerance(0.0, 0.5), Tolerance(1.0, 0.0)])


@st.composite
def batches(draw: st.DrawFn) -> tuple[list[list[Value]], list[Value]]:
    """What some models said of some records, and what was decided."""
    rows = draw(st.integers(1, 6))
    column = st.lists(st.sampled_from(VALUES), min_size=rows, max_size=rows)
    return draw(st.lists(column, min_size=1, max_size=5)), draw(column)


def obviously(
    said: Sequence[Sequence[Value]], decided: Sequence[Value], tolerance: Tolerance | None
) -> list[Tally]:
    def agree(one: Value, other: Value) -> bool:
        if isinstance(one, float) and isinstance(other, float) and tolerance is not None:
            allowed = tolerance.absolute + tolerance.relative * max(abs(one), abs(other))
            return abs(one - other) <= allowed
        return one is not None and one == other

    def is_alone(model: int, record: int) -> bool:
        own = said[model][record]
        others = [said[i][record] for i in range(len(said)) if i != model]
        others = [other for other in others if other is not None]
        return own is not None and bool(others) and not any(agree(own, other) for other in others)

    return [
        Tally(
            sum(agree(own, answer) for own, answer in zip(column, decided, strict=True)),
            sum(is_alone(model, record) for record in range(len(column))),
        )
        for model, column in enumerate(said)
    ]


def codes_of(values: Sequence[Value], labels: dict[str, int], none: int) -> list[int]:
    return [none if value is None else code_of(value, labels) for value in values]


@given(batches(), tolerances)
@settings(max_examples=300, deadline=None)
def test_values_and_codes_are_counted_alike(
    batch: tuple[list[list[Value]], list[Value]], tolerance: Tolerance | None
) -> None:
    said, decided = batch
    expected = obviously(said, decided, tolerance)
    assert tally_values(said, decided, tolerance) == expected
    labels: dict[str, int] = {}
    codes = np.array([codes_of(column, labels, ABSENT) for column in said])
    answers = np.array(codes_of(decided, labels, NOTHING))
    assert tally_codes(codes, answers, tolerance) == expected


@pytest.mark.parametrize("number", [0.0, 5e-324, -1.5, 1.7976931348623157e308])
def test_no_number_has_the_code_of_a_label(number: float) -> None:
    labels: dict[str, int] = {}
    codes = {code_of("x", labels), code_of("y", labels), ABSENT, NOTHING}
    assert len(codes) == 4
    assert code_of(number, labels) not in codes
    assert np.int64(code_of(number, labels)).view(np.float64) == number
    assert all(np.isnan(np.int64(code).view(np.float64)) for code in codes)
