"""What a verification must be to be kept beside a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.data.records import Batch, Record
from hedgerow.errors import InvalidModel
from hedgerow.formats.verification_checks import MOST_RECORDS, check_verification
from hedgerow.v1.models_pb2 import Feature, Signature, Verification
from hedgerow.v1.records_pb2 import Output
from hedgerow.v1.records_pb2 import Predictions as Message
from hedgerow.v1.rules_pb2 import Tolerance

FEATURES = [Feature(name="a"), Feature(name="b", may_be_missing=True)]
CLASSES = Signature(
    features=FEATURES,
    classes=["1", "2", "x"],
    prediction_type=Signature.PREDICTION_TYPE_CLASSIFICATION,
)
NUMBERS = Signature(features=FEATURES, prediction_type=Signature.PREDICTION_TYPE_REGRESSION)
RECORDS: list[Record] = [{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": None}]


def made(
    expected: Predictions | Message,
    records: Sequence[Record] = RECORDS,
    tolerance: Tolerance | None = None,
) -> Verification:
    message = expected.to_proto() if isinstance(expected, Predictions) else expected
    batch = Batch.from_records("wine", records)
    return Verification(records=batch.to_proto(), expected=message, tolerance=tolerance)


def labels(*texts: str, confidences: Sequence[float] | None = None) -> Predictions:
    return Predictions(Labels.of(texts), None if confidences is None else np.array(confidences))


GOOD = labels("1", "x", confidences=[0.5, np.nan])


def test_what_fits_is_kept_with_the_models_classes_and_is_the_same_when_checked_again() -> None:
    found = check_verification(made(GOOD, tolerance=Tolerance(absolute=0.5)), CLASSES, "wine")
    expected = Predictions.from_proto(found.expected)
    assert isinstance(expected.values, Labels)
    assert expected.values.classes == ("1", "2", "x")
    assert expected.values.to_list() == ["1", "x"]
    assert found.tolerance == Tolerance(absolute=0.5)
    assert Batch.from_proto(found.records).to_records() == RECORDS
    assert check_verification(found, CLASSES, "wine") == found


def test_labels_become_numbers_for_a_model_of_numbers_and_numbers_the_labels_they_are() -> None:
    texts = check_verification(made(labels("1", "2.5")), NUMBERS, "wine")
    numbers = check_verification(made(Predictions(np.array([1.0, 2.5]))), NUMBERS, "wine")
    assert texts == numbers
    found = check_verification(made(Predictions(np.array([1.0, 2.0]))), CLASSES, "wine")
    assert found == check_verification(made(labels("1", "2")), CLASSES, "wine")


def test_what_stands_where_no_answer_is_expected_does_not_matter() -> None:
    nothing = Predictions(Labels.of(["", "2"]), None, (0,))
    for signature in (CLASSES, NUMBERS):
        found = check_verification(made(nothing), signature, "wine")
        assert found.expected.absent == [0]
    nan = made(Predictions(np.array([np.nan, 2.0]), None, (0,)))
    assert check_verification(nan, NUMBERS, "wine") == found


MANY: list[Record] = [{"a": 1.0}] * (MOST_RECORDS + 1)


@pytest.mark.parametrize(
    ("verification", "signature", "problem"),
    [
        (Verification(), CLASSES, "has 0 records; give 1 to 1000"),
        (made(labels(*["1"] * len(MANY)), MANY), CLASSES, "has 1001 records; give 1 to 1000"),
        (made(GOOD, [{"b": 1.0}] * 2), CLASSES, "does not fit the model: .*'a' is missing"),
        (made(GOOD, [{"a": "x"}] * 2), CLASSES, "'a' must be a number, and is text"),
        (made(GOOD, [{"a": 1.0, "c": 1.0}] * 2), CLASSES, "'c' is not one of the models' features"),
        (made(Message()), CLASSES, "no expected answers"),
        (made(labels("1")), CLASSES, r"expected answers .* the shape \[1\] for 2 rows"),
        (
            made(Message(numbers=b"1234567")),
            NUMBERS,
            "expected answers of the verification are none",
        ),
        (made(labels("1", "1", confidences=[0.5])), CLASSES, r"confidences have the shape \[1\]"),
        (made(labels("1", "3")), CLASSES, "expects '3' for record 1, which is no class.*: 1, 2, x"),
        (
            made(labels("1", "x")),
            NUMBERS,
            "expects 'x' for record 1, and the model answers with num",
        ),
        (made(Predictions(np.array([1.0, np.inf]))), NUMBERS, "expects inf for record 1"),
        (made(labels("1", "2", confidences=[0.5, 1.1])), CLASSES, "confidence 1.1 for record 1"),
        (made(GOOD, tolerance=Tolerance(absolute=-1.0)), CLASSES, "-1 is no tolerance"),
        (made(GOOD, tolerance=Tolerance(absolute=np.nan)), CLASSES, "nan is no tolerance"),
        (made(GOOD, tolerance=Tolerance(relative=1.5)), CLASSES, "150% is no tolerance"),
        (
            made(Message(numbers=bytes(16), outputs=[Output(name="raw")])),
            NUMBERS,
            "raw outputs are not compared",
        ),
        (made(Message(numbers=bytes(16), absent=[7])), NUMBERS, "row 7 of 2 is absent"),
    ],
)
def test_what_does_not_fit_is_refused(
    verification: Verification, signature: Signature, problem: str
) -> None:
    with pytest.raises(InvalidModel, match=problem):
        check_verification(verification, signature, "wine")


def test_records_of_another_data_type_are_refused() -> None:
    with pytest.raises(InvalidModel, match="data type 'wine', and the model is of 'iris'"):
        check_verification(made(GOOD), CLASSES, "iris")
