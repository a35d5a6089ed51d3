"""What a model takes from a batch."""

from __future__ import annotations

import numpy as np
import pytest

from hedgerow.data.records import Batch
from hedgerow.errors import InvalidRecord
from hedgerow.formats.columns import Columns
from hedgerow.v1.models_pb2 import Feature

A = Feature(name="a", may_be_missing=True)
B = Feature(name="b")
BATCH = Batch.from_records("test", [{"c": True, "b": 1.0}, {"c": None, "b": 2.0}])


def test_a_column_that_a_batch_lacks_is_missing_in_every_row() -> None:
    matrix = Columns([A, B]).matrix(BATCH, np.float32)

    assert matrix.dtype == np.float32
    assert np.isnan(matrix[:, 0]).all()
    assert matrix[:, 1].tolist() == [1, 2]


def test_rows_have_values_of_the_types_of_the_features() -> None:
    whole = Feature(name="b", type=Feature.TYPE_INTEGER)
    flag = Feature(name="c", type=Feature.TYPE_BOOLEAN)

    rows = Columns([flag, A, whole]).rows(BATCH)

    assert rows == [(True, None, 1), (None, None, 2)]
    assert isinstance(rows[0][2], int)


def test_a_column_that_must_be_there_is_named() -> None:
    columns = Columns([Feature(name="z"), B])

    with pytest.raises(InvalidRecord, match="'z' is missing"):
        columns.matrix(BATCH)
    with pytest.raises(InvalidRecord, match="'z' is missing"):
        columns.rows(BATCH)


def test_text_is_no_number() -> None:
    batch = Batch.from_records("test", [{"b": "one"}])

    with pytest.raises(InvalidRecord, match="'b' is text"):
        Columns([B]).matrix(batch)
