"""A model that does not say what it should is refused, and the refusal names the record."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.data.records import Batch
from hedgerow.errors import InvalidModel
from hedgerow.formats.verification import answered_records, verify
from hedgerow.v1.models_pb2 import Verification
from hedgerow.v1.rules_pb2 import Tolerance
from tests.hedgerow.formats.fakes import Fake, only_alone, only_in_batches

RECORDS = Batch.from_records("wine", [{"a": 0.0}, {"a": 1.0}, {"a": 2.0}])


def expecting(expected: Predictions, tolerance: Tolerance | None = None) -> Verification:
    return Verification(
        records=RECORDS.to_proto(), expected=expected.to_proto(), tolerance=tolerance
    )


def numbers(*values: float, absent: Sequence[int] = ()) -> Predictions:
    return Predictions(np.array(values), None, tuple(absent))


def labelled(batch: Batch) -> Predictions:
    """`x` below 1.5, else `y`; the confidence is 0.75."""
    places = (batch.numbers(["a"])[:, 0] > 1.5).astype(np.uint32)
    return Predictions(Labels(("x", "y"), places), np.full(batch.rows, 0.75))


def labels(*texts: str, confidences: Sequence[float] | None = None) -> Predictions:
    return Predictions(Labels.of(texts), None if confidences is None else np.array(confidences))


def no_answer_for_2(batch: Batch) -> Predictions:
    values = batch.numbers(["a"])[:, 0]
    return Predictions(values, None, tuple(np.flatnonzero(values == 2.0).tolist()))


def refusal(fake: Fake, verification: Verification) -> str:
    with pytest.raises(InvalidModel, match="does not reproduce its verification") as caught:
        verify(fake, verification)
    return str(caught.value).partition("verification: ")[2]


def test_records_are_scored_as_they_are_in_one_batch_and_one_by_one() -> None:
    model = Fake()
    verify(model, expecting(numbers(0.0, 1.0, 2.0)))
    assert [batch.rows for batch in model.batches] == [3, 1, 1, 1]
    assert {batch.data_type for batch in model.batches} == {"wine"}


def test_the_first_record_that_differs_is_named_and_the_others_counted() -> None:
    found = refusal(Fake(), expecting(numbers(0.0, 5.0, 6.0)))
    assert found == "record 1 is 1.0 and should be 5.0; 2 of 3 records differ"


@pytest.mark.parametrize(
    ("tolerance", "off", "differs"),
    [
        (None, 1e-6, False),
        (None, 1e-5, True),
        (Tolerance(relative=0.1), 0.19, False),
        (Tolerance(relative=0.1), 0.3, True),
        (Tolerance(absolute=0.1), 0.09, False),
        (Tolerance(absolute=0.1), 0.11, True),
        (Tolerance(relative=0.0), 1e-9, True),
    ],
)
def test_numbers_may_be_off_by_the_tolerance(
    tolerance: Tolerance | None, off: float, differs: bool
) -> None:
    verification = expecting(numbers(0.0, 1.0, 2.0 + off), tolerance)
    if differs:
        assert refusal(Fake(), verification).startswith("record 2 is 2.0 and should be 2.")
    else:
        verify(Fake(), verification)


def test_what_rounding_leaves_of_a_zero_is_a_zero() -> None:
    verify(Fake(), expecting(numbers(1e-14, 1.0, 2.0)))


@pytest.mark.parametrize("said", [np.nan, np.inf])
def test_what_is_no_number_is_never_near_one(said: float) -> None:
    model = Fake(lambda batch: Predictions(np.full(batch.rows, said)))
    assert refusal(model, expecting(numbers(0.0, 1.0, 2.0))).endswith("3 of 3 records differ")


def test_labels_and_the_confidences_that_are_given_count() -> None:
    verify(Fake(labelled), expecting(labels("x", "x", "y")))
    verify(Fake(labelled), expecting(labels("x", "x", "y", confidences=[0.75, np.nan, 0.75])))
    found = refusal(Fake(labelled), expecting(labels("x", "y", "y")))
    assert found.startswith("record 1 is 'x' with confidence 0.75 and should be 'y'; 1 of 3")
    found = refusal(Fake(labelled), expecting(labels("x", "x", "y", confidences=[0.75, 0.7, 0.75])))
    assert "record 1 is 'x' with confidence 0.75 and should be 'x' with confidence 0.7" in found


def test_a_model_without_confidences_does_not_have_those_that_are_expected() -> None:
    def without(batch: Batch) -> Predictions:
        return Predictions(labelled(batch).values)

    verify(Fake(without), expecting(labels("x", "x", "y")))
    found = refusal(Fake(without), expecting(labels("x", "x", "y", confidences=[0.75] * 3)))
    assert found.startswith("record 0 is 'x' and should be 'x' with confidence 0.75")


def test_an_answer_differs_from_none_and_none_from_an_answer() -> None:
    found = refusal(Fake(), expecting(numbers(0.0, 1.0, 2.0, absent=[1])))
    assert found.startswith("record 1 is 1.0 and should be without an answer")
    verify(Fake(no_answer_for_2), expecting(numbers(0.0, 1.0, 0.0, absent=[2])))
    found = refusal(Fake(no_answer_for_2), expecting(numbers(0.0, 1.0, 2.0)))
    assert found.startswith("record 2 is without an answer and should be 2.0; 1 of 3")


def test_a_record_that_fails_by_itself_has_no_answer() -> None:
    def fails(batch: Batch) -> Predictions:
        if batch.column("a") == [2.0]:
            raise RuntimeError("not this one")
        return no_answer_for_2(batch)

    verify(Fake(fails), expecting(numbers(0.0, 1.0, 0.0, absent=[2])))


def test_a_model_that_only_works_in_batches_or_only_alone_is_refused() -> None:
    good = expecting(numbers(0.0, 1.0, 2.0))
    found = refusal(Fake(only_in_batches), good)
    assert found.startswith(
        "record 0, scored by itself, fails (no dimension of records) and should"
    )
    found = refusal(Fake(only_alone), good)
    assert found == "all 3 in one batch fail (one at a time); record 0 should be 0.0"


def test_a_model_that_answers_oddly_is_refused() -> None:
    odd = Fake(lambda batch: Predictions(np.zeros(2)))
    assert "the shape [2] for 3 rows" in refusal(odd, expecting(numbers(0.0, 1.0, 2.0)))


def test_a_model_that_answers_with_numbers_has_no_labels() -> None:
    assert refusal(Fake(), expecting(labels("x", "x", "y"))).startswith(
        "record 0 is 0.0 and should be 'x'"
    )


def test_what_says_nothing_of_the_model_is_no_refusal() -> None:
    def no_memory(batch: Batch) -> Predictions:
        raise MemoryError

    with pytest.raises(MemoryError):
        verify(Fake(no_memory), expecting(numbers(0.0, 1.0, 2.0)))


def test_records_that_are_to_have_no_answer_are_not_among_the_answered() -> None:
    found = answered_records(expecting(numbers(0.0, 1.0, 2.0, absent=[1])))
    assert found is not None
    assert found.column("a") == [0.0, 2.0]
    assert answered_records(expecting(numbers(0.0, 1.0, 2.0, absent=[0, 1, 2]))) is None
