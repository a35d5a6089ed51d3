"""Records and what is expected of them, made into a verification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.data.records import Batch
from hedgerow.errors import InvalidRecord
from hedgerow.formats.expectations import verification_of
from hedgerow.v1.rules_pb2 import Tolerance


def test_answers_of_every_type_are_told_as_text_and_none_is_no_answer() -> None:
    said: list[Any] = ["x", 1, 1.5, True, np.float64(2.5), None, ""]
    found = verification_of("wine", [{"a": i, "expected": v} for i, v in enumerate(said)])
    expected = Predictions.from_proto(found.expected)
    assert isinstance(expected.values, Labels)
    assert expected.values.to_list() == ["x", "1", "1.5", "true", "2.5", "", ""]
    assert expected.absent == (5, 6)
    assert expected.confidences is None
    batch = Batch.from_proto(found.records)
    assert (batch.data_type, list(batch.features)) == ("wine", ["a"])
    assert not found.HasField("tolerance")


def test_confidences_and_the_tolerance_are_kept() -> None:
    records: list[Mapping[str, Any]] = [
        {"a": 1, "expected": "x", "expected_confidence": 0.5},
        {"a": 2, "expected": "y"},
    ]
    found = verification_of("wine", records, Tolerance(absolute=0.25))
    confidences = Predictions.from_proto(found.expected).confidences
    assert confidences is not None
    assert confidences.tolist() == pytest.approx([0.5, np.nan], nan_ok=True)
    assert found.tolerance == Tolerance(absolute=0.25)


@pytest.mark.parametrize(
    ("records", "problem"),
    [
        ([], "there are 0 records to verify the model by; give 1 to 1000"),
        ([{"a": 1, "expected": 1}] * 1001, "there are 1001 records"),
        ([{"a": 1}], "no record says what answer is expected"),
        ([{"a": 1, "expected": [1]}], r"record 0 expects \[1\]; give a label or a number"),
        ([{"a": 1, "expected": 1, "expected_confidence": "high"}], "the confidence 'high'"),
        ([{"a": {}, "expected": 1}], "feature 'a' has a value of type dict"),
    ],
)
def test_what_cannot_be_told_is_refused(records: list[dict[str, Any]], problem: str) -> None:
    with pytest.raises(InvalidRecord, match=problem):
        verification_of("wine", records)
