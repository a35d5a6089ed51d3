"""Warming a model up, and what of it is found then."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest

from hedgerow.data.predictions import Predictions
from hedgerow.data.records import Batch, Kind
from hedgerow.errors import InvalidModel
from hedgerow.formats import warmup
from hedgerow.formats.warmup import DATA_TYPE, Warmth, warm_up
from hedgerow.v1.models_pb2 import Feature
from tests.hedgerow.formats.fakes import Fake, only_alone, only_in_batches, total

KNOWN = Batch.from_records("wine", [{"a": 7.0}, {"a": 8.0}, {"a": 9.0}])


def sizes(model: Fake) -> list[int]:
    """The batches that followed the made-up records being tried: 8 alone and 8 together."""
    return [batch.rows for batch in model.batches][9:]


def test_one_record_and_the_usual_batches_are_scored() -> None:
    model = Fake()

    assert warm_up(model) == Warmth(rounds=1)

    assert sizes(model) == [1, 8, 64, 256]
    assert {batch.data_type for batch in model.batches} == {DATA_TYPE}


def test_batches_have_the_sizes_in_use_as_well_and_none_is_above_the_row_limit() -> None:
    model = Fake()
    warm_up(model, batch_rows=(700,), row_limit=4096)
    assert sizes(model) == [1, 8, 64, 256, 700]

    model = Fake()
    warm_up(model, batch_rows=(700,), row_limit=100)
    assert sizes(model) == [1, 8, 64, 100]


def test_records_that_are_known_are_scored_and_none_is_made_up() -> None:
    model = Fake()

    warm_up(model, KNOWN)

    assert [batch.rows for batch in model.batches] == [1, 8, 64, 256]
    assert {batch.data_type for batch in model.batches} == {DATA_TYPE}
    assert set(model.batches[-1].column("a")) == {7.0, 8.0, 9.0}


def test_made_up_records_have_every_feature_in_its_type_and_values_that_the_model_knows() -> None:
    model = Fake(
        features=[
            Feature(name="number"),
            Feature(name="whole", type=Feature.TYPE_INTEGER),
            Feature(name="text", type=Feature.TYPE_STRING),
            Feature(name="flag", type=Feature.TYPE_BOOLEAN),
            Feature(name="spare", type=Feature.TYPE_DOUBLE, unused=True),
        ]
    )
    model.examples = {"text": ["north", "south"]}

    warm_up(model)

    kinds = {name: block.kind for block in model.batches[-1].blocks for name in block.names}
    assert kinds["text"] is Kind.TEXT
    assert kinds["flag"] is Kind.BOOLEAN
    assert {kinds[name] for name in ("number", "whole", "spare")} == {Kind.FLOAT}
    assert set(model.batches[-1].column("text")) == {"north", "south"}


def test_values_that_may_be_missing_are_missing_all_at_once_and_one_by_one() -> None:
    names = ("a", "b", "c")
    model = Fake(features=[Feature(name=name, may_be_missing=name != "a") for name in names])

    warm_up(model)

    *alone, together = model.batches[-4:]
    assert [sorted(batch.features) for batch in alone] == [["a"], ["a", "c"], ["a", "b"]]
    present = [
        [name for name, value in r.items() if value is not None] for r in together.to_records()
    ]
    assert present == [["a", "b", "c"], ["a"], ["a", "c"], ["a", "b"]]


# -- how long --------------------------------------------------------------------------------------


class Clock:
    """Time that passes only while a model scores: `seconds` says how long each round takes."""

    def __init__(self, seconds: Iterator[float], calls_a_round: int) -> None:
        self.now = 0.0
        self._seconds = seconds
        self._calls = calls_a_round

    def score(self, batch: Batch) -> Predictions:
        self.now += next(self._seconds) / self._calls
        return total(batch)


def rounds(monkeypatch: pytest.MonkeyPatch, seconds: list[float], limit: float) -> int:
    """How many rounds a model is warmed up for that takes so long for each, the last for all after."""
    calls = 4

    def each() -> Iterator[float]:
        for round_seconds in [*seconds, *[seconds[-1]] * 1000]:
            yield from [round_seconds] * calls

    clock = Clock(each(), calls)
    monkeypatch.setattr(warmup, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return warm_up(Fake(clock.score, seconds=limit), KNOWN).rounds


def test_a_model_is_used_until_it_gets_no_faster(monkeypatch: pytest.MonkeyPatch) -> None:
    assert rounds(monkeypatch, [1.0], limit=100) == 11
    getting_faster = [2.0 ** -(i / 4) for i in range(40)]
    assert 40 < rounds(monkeypatch, getting_faster, limit=100) < 55


def test_a_model_that_never_settles_is_used_for_as_long_as_it_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert rounds(monkeypatch, [0.9**i for i in range(100)], limit=3) == 5


def test_a_slow_model_is_not_tried_with_ever_larger_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(iter([6.0] * 10), 1)
    monkeypatch.setattr(warmup, "time", SimpleNamespace(monotonic=lambda: clock.now))
    model = Fake(clock.score)
    warm_up(model, KNOWN)
    assert [batch.rows for batch in model.batches] == [1, 8]


# -- what is found ---------------------------------------------------------------------------------


def too_many(batch: Batch) -> Predictions:
    return Predictions(np.zeros(batch.rows + 1))


def never_initialised(batch: Batch) -> Predictions:
    raise InvalidModel("a table was never initialised")


def not_256(batch: Batch) -> Predictions:
    if batch.rows == 256:
        raise RuntimeError("too large")
    return total(batch)


@pytest.mark.parametrize("known", [None, KNOWN])
@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (only_in_batches, "by itself.*no dimension of records"),
        (only_alone, "one batch: one at a time"),
        (too_many, r"one record by itself: the model's values have the shape \[2\] for 1 rows"),
        (never_initialised, "a table was never initialised"),
        (not_256, "256 records in one batch: too large"),
    ],
)
def test_what_would_be_found_by_a_caller_is_refused(
    answer: object, problem: str, known: Batch | None
) -> None:
    with pytest.raises(InvalidModel, match=problem):
        warm_up(Fake(answer), known)  # type: ignore[arg-type]


def test_a_model_that_refuses_all_made_up_records_is_let_pass_and_says_why() -> None:
    def refuse(batch: Batch) -> Predictions:
        raise RuntimeError("no such records, please")

    assert warm_up(Fake(refuse)) == Warmth(rounds=0, refused="no such records, please")
    with pytest.raises(InvalidModel, match="one record by itself: no such records, please"):
        warm_up(Fake(refuse), KNOWN)


def test_made_up_records_that_are_refused_by_value_are_left_out() -> None:
    def no_large_ones(batch: Batch) -> Predictions:
        if (batch.numbers(["a"]) > 50).any():
            raise RuntimeError("too large")
        return total(batch)

    model = Fake(no_large_ones)

    assert warm_up(model).refused == ""
    assert set(model.batches[-1].column("a")) == {0.0, 1.0}


def test_a_model_with_no_answer_for_made_up_records_is_let_pass() -> None:
    def none(batch: Batch) -> Predictions:
        if batch.rows == 1:  # as PMML does: a row that fails by itself has no answer among others
            raise RuntimeError("no answer")
        return Predictions(np.zeros(batch.rows), None, tuple(range(batch.rows)))

    assert warm_up(Fake(none)).refused == "no answer"


def test_a_model_that_fails_where_its_signature_lets_a_value_be_missing_is_refused() -> None:
    def needs_b(batch: Batch) -> Predictions:
        if any(record.get("b") is None for record in batch.to_records()):
            raise RuntimeError("where is it")
        return total(batch)

    features = [Feature(name="a"), Feature(name="b", may_be_missing=True)]
    with pytest.raises(
        InvalidModel, match="without 'b', which by its signature may be missing: where"
    ):
        warm_up(Fake(needs_b, features))


def test_what_says_nothing_of_the_model_is_no_refusal() -> None:
    def no_memory(batch: Batch) -> Predictions:
        raise MemoryError

    for known in (None, KNOWN):
        with pytest.raises(MemoryError):
            warm_up(Fake(no_memory), known)
