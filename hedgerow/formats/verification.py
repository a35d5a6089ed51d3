"""Whether a model says what it should: records whose answers are known, scored before it may serve.

They come with a push, or are part of the definition. All are scored in one batch and the first few one by
one as well, for a model that only works in batches has the right answers in one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hedgerow.data.predictions import Floats, Labels, Predictions
from hedgerow.data.records import Batch
from hedgerow.errors import InvalidModel
from hedgerow.formats.answers import check_answer
from hedgerow.formats.interface import Model
from hedgerow.v1.models_pb2 import Verification
from hedgerow.v1.rules_pb2 import Tolerance

DEFAULT_RELATIVE = 1e-6
"""The tolerance where none is given."""

_ALONE = 8
"""So many records are scored by themselves as well."""

_ZERO = 1e-12
"""A number this near to another is never another: nothing is near 0 by a share of the larger one."""

CIRCUMSTANCES = (OSError, MemoryError)
"""What says nothing of the model."""

Rows = npt.NDArray[np.bool_]


def verify(model: Model, verification: Verification) -> None:
    """Score the records of a verification that `check_verification` let pass, and compare.

    Raises InvalidModel, in one line, for the first record with another answer than the one expected.
    Records are numbered from 0, as everywhere.
    """
    batch = Batch.from_proto(verification.records)
    expected = Predictions.from_proto(verification.expected)
    near = Near(verification.tolerance)
    _compare(_said(model, batch), expected, near, batch.rows)
    for row in range(min(batch.rows, _ALONE)):
        said = _said(model, batch.rows_of(row, row + 1))
        _compare(said, expected.rows_of(row, row + 1), near, batch.rows, row)


def answered_records(verification: Verification) -> Batch | None:
    """Return those of the records that are to have an answer; None if there are none."""
    batch = Batch.from_proto(verification.records)
    absent = set(verification.expected.absent)
    rows = [row for row in range(batch.rows) if row not in absent]
    return batch.take(rows) if rows else None


class Near:
    """Tells which numbers count as equal."""

    def __init__(self, tolerance: Tolerance) -> None:
        self._absolute = tolerance.absolute if tolerance.HasField("absolute") else None
        self._relative = tolerance.relative if tolerance.HasField("relative") else DEFAULT_RELATIVE

    def __call__(self, some: Floats, others: Floats) -> Rows:
        """Compare number by number; what is not finite is near nothing."""
        with np.errstate(invalid="ignore"):
            distance = np.abs(some - others)
            if self._absolute is not None:
                limit: Floats | float = self._absolute
            else:
                share = self._relative * np.maximum(np.abs(some), np.abs(others))
                limit = np.maximum(share, _ZERO)
            return np.isfinite(distance) & (distance <= limit)


# -- what the model says ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Said:
    """Of some records: predictions, or why there are none."""

    predictions: Predictions | None
    failure: str = ""


def _said(model: Model, batch: Batch) -> _Said:
    try:
        return _Said(check_answer(model.score(batch), batch.rows))
    except CIRCUMSTANCES:
        raise
    except Exception as error:
        return _Said(None, reason_of(error))


def reason_of(error: Exception) -> str:
    """Return what an exception says, in one line."""
    return " ".join(str(error).split()) or type(error).__name__


# -- the comparison --------------------------------------------------------------------------------


def _compare(
    said: _Said, expected: Predictions, near: Near, of: int, alone: int | None = None
) -> None:
    """Compare what was said of all records, or of the one that was scored `alone`."""
    wrong = np.flatnonzero(_differing(said, expected, near))
    if not len(wrong):
        return
    first = int(wrong[0])
    should = f"and should be {_text(expected, first)}"
    if alone is not None:
        problem = f"record {alone}, scored by itself, {_answer(said, first)} {should}"
        problem += "; in one batch none differs"
    elif said.predictions is None:
        problem = f"all {of} in one batch fail ({said.failure}); record {first} {should[4:]}"
    else:
        problem = f"record {first} {_answer(said, first)} {should}"
        problem += f"; {len(wrong)} of {of} records differ"
    raise InvalidModel(f"the model does not reproduce its verification: {problem}")


def _differing(said: _Said, expected: Predictions, near: Near) -> Rows:
    wanted = _answered(expected)
    if said.predictions is None:
        return wanted
    found = said.predictions
    answered = _answered(found)
    wrong = _differing_values(found, expected, near)
    if expected.confidences is not None:
        asked = ~np.isnan(expected.confidences)
        given = np.full(found.rows, np.nan) if found.confidences is None else found.confidences
        wrong |= asked & ~near(given, expected.confidences)
    differing: Rows = (answered != wanted) | (wanted & wrong)
    return differing


def _differing_values(found: Predictions, expected: Predictions, near: Near) -> Rows:
    ours, theirs = found.values, expected.values
    if isinstance(ours, Labels) and isinstance(theirs, Labels):
        pairs = zip(ours.to_list(), theirs.to_list(), strict=True)
        return np.array([one != other for one, other in pairs])
    if isinstance(ours, Labels) or isinstance(theirs, Labels):
        return np.full(found.rows, fill_value=True)
    return ~near(ours, theirs)


def _answered(predictions: Predictions) -> Rows:
    answered = np.full(predictions.rows, fill_value=True)
    answered[list(predictions.absent)] = False
    return answered


def _answer(said: _Said, row: int) -> str:
    """What the model says, as the predicate of a sentence."""
    if said.predictions is None:
        return f"fails ({said.failure})"
    return f"is {_text(said.predictions, row)}"


def _text(predictions: Predictions, row: int) -> str:
    if row in predictions.absent:
        return "without an answer"
    values, confidences = predictions.values, predictions.confidences
    if isinstance(values, Labels):
        text = repr(values.classes[values.indexes[row]])
    else:
        text = repr(float(values[row]))
    if confidences is None or np.isnan(confidences[row]):
        return text
    return f"{text} with confidence {float(confidences[row])!r}"
