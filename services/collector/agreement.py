"""What disagreement tells: how often each model says what was decided, or what nobody else says.

Answers agree when they are equal; numbers under a consensus within its tolerance. A model is alone with an
answer when at least one other model answered that record and none agrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from services.collector.columns import ABSENT, Flags, Numbers, Places
from services.collector.consensus import Tolerance, is_number
from services.collector.reports import Part, Report
from services.collector.rules import Value

_WORTH_COLUMNS = 16
"""Records from which on columns are faster than one record after the other."""


class Decided(NamedTuple):
    """What was decided in a task, for models that are heard later."""

    values: Sequence[Value]
    """The answer to each record; None where there is none."""
    tolerance: Tolerance | None

    def hear(self, report: Report, start: int, rows: int, records: Sequence[int]) -> None:
        """Count whether a model agrees, by rows of a frame; `records` as in Part."""
        counts = report.counts
        counts.records += rows
        tolerance = self.tolerance
        said = report.values[start : start + rows]
        decided = self.values
        counts.agreed += sum(
            [
                _agree(own, decided[record], tolerance)
                for record, own in zip(records or range(rows), said, strict=True)
                if record < len(decided)
            ]
        )


def count_one(
    parts: Sequence[Part | None],
    values: Sequence[Value],
    decided: Value,
    tolerance: Tolerance | None,
) -> None:
    """Count one record: what each model of the plan said of it (None: nothing), and what was decided."""
    heard = len(values) - values.count(None)
    for part, own in zip(parts, values, strict=True):
        if part is None:
            continue
        counts = part[0].counts
        counts.records += 1
        if own is None:
            continue
        if own == decided if tolerance is None else _agree(own, decided, tolerance):
            counts.agreed += 1
        if heard > 1 and _supporters(own, values, tolerance) == 1:
            counts.alone += 1


def count_many(
    parts: Sequence[Part | None],
    decided: Sequence[Value],
    codes: dict[str, int],
    tolerance: Tolerance | None,
) -> None:
    """Count many records at once; `codes` number the labels, as in `Report.codes`."""
    heard = [part for part in parts if part is not None]
    size = len(decided)
    kinds = {part.report.classes is None for part in heard}
    if size < _WORTH_COLUMNS or len(kinds) != 1 or not _all_of_kind(decided, kinds == {True}):
        for record, value in enumerate(decided):
            _count_record(parts, record, value, tolerance)
        return
    said = np.stack([p.spread(p.report.codes(codes, p.start, p.stop), size, ABSENT) for p in heard])
    present = said != ABSENT
    if kinds == {True} and tolerance is not None:
        numbers = np.stack(
            [p.spread(p.report.numbers(p.start, p.stop), size, np.nan) for p in heard]
        )
        numbers = np.where(present, numbers, np.nan)
        answers = np.array([np.nan if value is None else value for value in decided])
        agreed = _near(numbers, answers, tolerance)
        supporters = np.stack([_near(numbers, own, tolerance).sum(axis=0) for own in numbers])
    else:
        agreed = (said == _codes_of(decided, codes)) & present
        supporters = np.stack([(said == own).sum(axis=0) for own in said])
    alone = (supporters == 1) & present & (present.sum(axis=0) > 1)
    for part, agreeing, standing in zip(heard, agreed, alone, strict=True):
        counts = part.report.counts
        counts.records += part.rows
        counts.agreed += int(agreeing.sum())
        counts.alone += int(standing.sum())


def _count_record(
    parts: Sequence[Part | None], record: int, decided: Value, tolerance: Tolerance | None
) -> None:
    asked: list[Part | None] = []
    values: list[Value] = []
    for part in parts:
        row = part.row_of(record) if part is not None else None
        asked.append(None if row is None else part)
        values.append(None if row is None or part is None else part.report.values[row])
    count_one(asked, values, decided, tolerance)


def _agree(own: Value, other: Value, tolerance: Tolerance | None) -> bool:
    if own is None or other is None:
        return False
    if tolerance is not None and is_number(own) and is_number(other):
        return tolerance.agree(min(own, other), max(own, other))
    return own == other


def _supporters(own: Value, values: Sequence[Value], tolerance: Tolerance | None) -> int:
    if tolerance is None or isinstance(own, str):
        return values.count(own)
    return sum([_agree(own, value, tolerance) for value in values])


def _all_of_kind(decided: Sequence[Value], numbers: bool) -> bool:
    """A default may be of the other kind than the models' answers."""
    return not any(value is not None and isinstance(value, str) == numbers for value in decided)


def _codes_of(decided: Sequence[Value], codes: dict[str, int]) -> Places:
    """Number what was decided as `Report.codes` does; what was not is equal to no code."""
    if any(isinstance(value, str) for value in decided):
        return np.array(
            [
                codes.setdefault(value, len(codes)) if isinstance(value, str) else ABSENT - 1
                for value in decided
            ],
            np.int64,
        )
    numbers = np.array([np.nan if value is None else value for value in decided], np.float64)
    found: Places = (numbers + 0.0).view(np.int64)
    return found


def _near(numbers: Numbers, own: Numbers, tolerance: Tolerance) -> Flags:
    """Whether numbers [models, n] agree with `own` [n]; NaN agrees with nothing."""
    with np.errstate(over="ignore", invalid="ignore"):
        larger = np.maximum(np.abs(numbers), np.abs(own))
        near: Flags = np.abs(numbers - own) <= tolerance.absolute + tolerance.relative * larger
    return near
