"""Whether a verification fits the model that it comes with. Pure: signatures and records, no engine."""

from __future__ import annotations

import math

import numpy as np

from hedgerow.data.predictions import Floats, Labels, Predictions
from hedgerow.data.records import Batch
from hedgerow.data.signatures import Needs, SignatureCheck
from hedgerow.errors import InvalidModel, InvalidRecord
from hedgerow.formats.answers import check_answer
from hedgerow.v1.models_pb2 import Signature, Verification
from hedgerow.v1.rules_pb2 import Tolerance

MOST_RECORDS = 1000
"""Of a verification: all are scored each time that a host loads the model."""

_SAID = "the verification"


def check_verification(
    verification: Verification, signature: Signature, data_type: str
) -> Verification:
    """Return a verification as it is to be kept, if it fits a complete signature and the data type.

    Answers are brought to the model's kind: who reads them out of a file cannot tell the label 1 from the
    number. Raises InvalidModel, in a line that says what is wrong with it.
    """
    batch = _records(verification, signature, data_type)
    expected = _expected(verification, batch.rows)
    expected = _of_kind(expected, signature)
    _check_confidences(expected.confidences)
    _check_tolerance(verification.tolerance)
    checked = Verification(records=batch.to_proto(), expected=expected.to_proto())
    if verification.tolerance.WhichOneof("kind"):
        checked.tolerance.CopyFrom(verification.tolerance)
    return checked


# -- the records -----------------------------------------------------------------------------------


def _records(verification: Verification, signature: Signature, data_type: str) -> Batch:
    rows = verification.records.rows
    if not 1 <= rows <= MOST_RECORDS:
        raise InvalidModel(f"{_SAID} has {rows} records; give 1 to {MOST_RECORDS}")
    try:
        batch = Batch.from_proto(verification.records)
        SignatureCheck([Needs(_SAID, signature)]).check(batch)
    except InvalidRecord as error:
        raise InvalidModel(f"a record of {_SAID} does not fit the model: {error}") from error
    if batch.data_type != data_type:
        raise InvalidModel(
            f"{_SAID} has records of data type {batch.data_type!r}, and the model is of {data_type!r}"
        )
    return batch


# -- the answers -----------------------------------------------------------------------------------


def _expected(verification: Verification, rows: int) -> Predictions:
    message = verification.expected
    if message.WhichOneof("values") is None:
        raise InvalidModel(f"{_SAID} has no expected answers; give one a record")
    if message.outputs:
        raise InvalidModel(f"raw outputs are not compared; leave them out of {_SAID}")
    try:
        return check_answer(Predictions.from_proto(message), rows)
    except (InvalidModel, ValueError) as error:
        raise InvalidModel(
            f"the expected answers of {_SAID} are none: {str(error).replace('the model', 'it')}"
        ) from error


def _of_kind(expected: Predictions, signature: Signature) -> Predictions:
    """Bring the answers to what the model gives."""
    values = expected.values
    if signature.prediction_type == Signature.PREDICTION_TYPE_REGRESSION:
        numbers = _numbers(values, expected.absent) if isinstance(values, Labels) else values.copy()
        _check_numbers(numbers, expected.absent)
        return Predictions(numbers, expected.confidences, expected.absent)
    if signature.prediction_type == Signature.PREDICTION_TYPE_CLASSIFICATION:
        texts = values.to_list() if isinstance(values, Labels) else _texts(values)
        labels = _labels(texts, signature, expected.absent)
        return Predictions(labels, expected.confidences, expected.absent)
    return expected  # a format that does not say what it predicts


def _numbers(labels: Labels, absent: tuple[int, ...]) -> Floats:
    numbers = np.full(len(labels), np.nan)
    for row, text in enumerate(labels.to_list()):
        if row in absent:
            continue
        try:
            numbers[row] = float(text)
        except ValueError:
            raise InvalidModel(
                f"{_SAID} expects {text!r} for record {row}, and the model answers with numbers"
            ) from None
    return numbers


def _check_numbers(numbers: Floats, absent: tuple[int, ...]) -> None:
    for row in np.flatnonzero(~np.isfinite(numbers)).tolist():
        if row not in absent:
            raise InvalidModel(f"{_SAID} expects {numbers[row]} for record {row}; give a number")
    numbers[list(absent)] = 0.0


def _texts(numbers: Floats) -> list[str]:
    return [repr(number) for number in numbers.tolist()]


def _labels(texts: list[str], signature: Signature, absent: tuple[int, ...]) -> Labels:
    classes = tuple(signature.classes)
    places = np.zeros(len(texts), np.uint32)
    for row, text in enumerate(texts):
        if row in absent:
            continue
        place = class_of(text, classes)
        if place is None:
            raise InvalidModel(
                f"{_SAID} expects {text!r} for record {row}, which is no class of the model; there"
                f" are: {', '.join(classes)}"
            )
        places[row] = place
    return Labels(classes, places)


def class_of(text: str, classes: tuple[str, ...]) -> int | None:
    """Return the place of a class by its text, or by its number if it is one: `1.0` is the class `1`."""
    if text in classes:
        return classes.index(text)
    number = _number(text)
    if number is None:
        return None
    return next((i for i, label in enumerate(classes) if _number(label) == number), None)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _check_confidences(confidences: Floats | None) -> None:
    if confidences is None:
        return
    for row, confidence in enumerate(confidences.tolist()):
        if not (math.isnan(confidence) or 0 <= confidence <= 1):
            raise InvalidModel(
                f"{_SAID} expects the confidence {confidence:g} for record {row}; give 0 to 1"
            )


def _check_tolerance(tolerance: Tolerance) -> None:
    if tolerance.HasField("absolute") and not 0 <= tolerance.absolute < math.inf:
        raise InvalidModel(f"{tolerance.absolute:g} is no tolerance of {_SAID}; give 0 or more")
    if tolerance.HasField("relative") and not 0 <= tolerance.relative <= 1:
        raise InvalidModel(
            f"{100 * tolerance.relative:g}% is no tolerance of {_SAID}; give 0% to 100%"
        )
