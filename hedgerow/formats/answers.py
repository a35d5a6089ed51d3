"""What a model may answer.

A format that somebody else has written can return anything. What is not as `Predictions` promises would
break where results are written, far from the model and together with the results of others; so it is
looked at where one model's call is the only one that can fail.
"""

from __future__ import annotations

import operator

import numpy as np

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.errors import InvalidModel

_NUMBERS = "fiub"
"""Kinds of numpy arrays that are numbers."""


def check_answer(answer: object, rows: int) -> Predictions:
    """Return what a model answered to so many rows. Raises InvalidModel, saying what is odd about it."""
    if not isinstance(answer, Predictions):
        raise InvalidModel(f"the model answered with {_what(answer)}; Predictions are expected")
    _check_values("values", answer.values, rows)
    if answer.confidences is not None:
        _check_numbers("confidences", answer.confidences, rows)
    for row in answer.absent:
        _check_row(row, rows)
    for name, values in answer.outputs.items():
        _check_text("the name of an output", name)
        _check_values(f"output {name!r}", values, rows)
    return answer


def _check_values(what: str, values: object, rows: int) -> None:
    if isinstance(values, Labels):
        _check_labels(what, values, rows)
    else:
        _check_numbers(what, values, rows)


def _check_labels(what: str, labels: Labels, rows: int) -> None:
    for text in labels.classes:
        _check_text(f"a label of the model's {what}", text)
    indexes = labels.indexes
    if not isinstance(indexes, np.ndarray) or indexes.dtype.kind not in "iu":
        raise InvalidModel(
            f"the indexes of the model's {what} are {_what(indexes)}; uint32 is expected"
        )
    _check_shape(what, indexes, rows)
    if rows and not 0 <= indexes.min() <= indexes.max() < len(labels.classes):
        raise InvalidModel(
            f"the model's {what} name a label beyond the {len(labels.classes)} there are"
        )


def _check_numbers(what: str, numbers: object, rows: int) -> None:
    if not isinstance(numbers, np.ndarray) or numbers.dtype.kind not in _NUMBERS:
        raise InvalidModel(
            f"the model's {what} are {_what(numbers)}; Labels or float64 are expected"
        )
    _check_shape(what, numbers, rows)


def _check_shape(what: str, column: np.ndarray, rows: int) -> None:
    if column.shape != (rows,):
        raise InvalidModel(
            f"the model's {what} have the shape {list(column.shape)} for {rows} rows"
        )


def _check_row(row: object, rows: int) -> None:
    try:
        fits = 0 <= operator.index(row) < rows  # type: ignore[arg-type]
    except TypeError:
        fits = False
    if not fits:
        raise InvalidModel(f"the model says that row {row!r} of {rows} is absent")


def _check_text(what: str, text: object) -> None:
    try:
        text.encode()  # type: ignore[attr-defined]
    except (AttributeError, UnicodeEncodeError):
        raise InvalidModel(f"{what} is no text: {text!r}") from None


def _what(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    return "None" if value is None else f"a {type(value).__name__}"
