"""Values of any type as doubles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from hedgerow.data.records import Batch, Record, Value
from hedgerow.formats.pmml import cells as module
from hedgerow.formats.pmml.cells import Cells
from hedgerow.v1.models_pb2 import Feature

FEATURES = (
    Feature(name="number", type=Feature.TYPE_DOUBLE),
    Feature(name="whole", type=Feature.TYPE_INTEGER),
    Feature(name="flag", type=Feature.TYPE_BOOLEAN),
    Feature(name="text", type=Feature.TYPE_STRING),
    Feature(name="other", type=Feature.TYPE_STRING),
)


class Table:
    """What Java knows of the places of texts."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.told = 0

    def learn(self, texts: Sequence[str]) -> None:
        self.texts = list(texts)
        self.told += 1


def encode(cells: Cells, *records: Record) -> np.ndarray | None:
    return cells.of(Batch.from_records("test", records))


def test_each_value_stands_in_its_features_column_and_a_missing_one_is_nan() -> None:
    table = Table()
    full: Record = {"text": "a", "flag": True, "whole": 3, "number": 1.5, "other": "b", "more": 1.0}
    lacking: Record = {"text": None, "flag": None, "whole": None, "number": None}

    matrix = encode(Cells(FEATURES, table.learn), full, lacking)

    assert matrix is not None
    assert matrix[0, :3].tolist() == [1.5, 3.0, 1.0]
    assert [table.texts[int(place)] for place in matrix[0, 3:]] == ["a", "b"]
    assert np.isnan(matrix[1]).all()


def test_java_is_told_of_texts_once() -> None:
    table = Table()
    cells = Cells(FEATURES, table.learn)

    for text in ("a", "b", "a", "b"):
        encode(cells, {"text": text})

    assert table.told == 2
    assert table.texts == ["a", "b"]


def test_texts_of_a_batch_that_is_not_encoded_are_told_with_the_next() -> None:
    table = Table()
    cells = Cells(FEATURES, table.learn)

    assert encode(cells, {"text": "a", "other": 7.0}) is None
    encode(cells, {"text": "a"})

    assert table.texts == ["a"]


def test_a_table_that_is_full_begins_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_TEXTS_KEPT", 4)
    table = Table()
    cells = Cells(FEATURES, table.learn)

    for number in range(50):
        text, other = f"t{number}", f"o{number}"
        matrix = encode(cells, {"text": text, "other": other})
        assert matrix is not None
        assert [table.texts[int(place)] for place in matrix[0, 3:]] == [text, other]

    assert len(table.texts) <= 6


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("whole", 2**53 + 1),
        ("whole", -(2**63)),
        ("number", 2**53 + 1),
        ("whole", float("inf")),
        ("number", "1"),
        ("text", 1.0),
        ("text", True),
    ],
)
def test_what_a_double_does_not_hold_is_not_encoded(name: str, value: Value) -> None:
    assert encode(Cells(FEATURES, Table().learn), {name: value}) is None
