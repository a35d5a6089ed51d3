"""Records as columns: what goes in comes out, whatever its types, and nonsense is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedgerow.data.records import Batch, Kind, Record
from hedgerow.errors import InvalidRecord
from hedgerow.v1 import records_pb2 as pb

values = st.fixed_dictionaries(
    {
        "number": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "text": st.none() | st.text(max_size=5),
        "flag": st.none() | st.booleans(),
        "large": st.integers(2**60, 2**61),
    }
)


def over_the_wire(batch: Batch) -> Batch:
    return Batch.from_proto(pb.Batch.FromString(batch.to_proto().SerializeToString()))


@given(st.lists(values, min_size=1, max_size=6))
def test_records_come_back_from_the_wire_as_they_went(records: list[Record]) -> None:
    assert over_the_wire(Batch.from_records("wine", records)).to_records() == records


def test_a_record_of_floats_is_one_block() -> None:
    batch = Batch.from_records("wine", [{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 4.0}])
    assert batch.layout == ((Kind.FLOAT, ("a", "b")),)
    assert batch.rows == 2


def test_whole_numbers_and_fractions_have_the_same_layout() -> None:
    whole = Batch.from_records("wine", [{"a": 100}])
    assert whole.layout == Batch.from_records("wine", [{"a": 100.5}]).layout


def test_whole_numbers_beyond_a_doubles_precision_stay_exact() -> None:
    batch = over_the_wire(Batch.from_records("wine", [{"a": 2**53 + 1}, {"a": 1}]))
    assert batch.to_records() == [{"a": 2**53 + 1}, {"a": 1}]


def test_an_absent_key_is_a_missing_value() -> None:
    batch = Batch.from_records("wine", [{"a": 1.0, "b": "x"}, {"a": 2.0}])
    assert batch.to_records() == [{"a": 1.0, "b": "x"}, {"a": 2.0, "b": None}]


def test_a_dataframe_is_taken_column_by_column() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [1.5, math.nan], "c": ["x", None], "d": [True, False]})
    assert over_the_wire(Batch.from_dataframe("wine", frame)).to_records() == [
        {"a": 1, "b": 1.5, "c": "x", "d": True},
        {"a": 2, "b": None, "c": None, "d": False},
    ]


def test_batches_of_one_layout_are_joined_and_cut_again() -> None:
    parts = [
        Batch.from_records("wine", [{"a": float(i), "t": str(i)} for i in range(n)])
        for n in (1, 3, 2)
    ]
    joined = Batch.join(parts)
    assert joined.rows == 6
    assert joined.rows_of(1, 4).to_records() == parts[1].to_records()


def test_numbers_come_in_the_order_asked_for() -> None:
    batch = Batch.from_records("wine", [{"a": 1.0, "b": 2.0, "c": 3.0}])
    assert batch.numbers(["c", "a"], np.float32).tolist() == [[3.0, 1.0]]


def test_numbers_are_taken_from_blocks_of_any_kind_but_text() -> None:
    batch = Batch.from_records("wine", [{"a": 1.5, "b": True, "c": 2**60, "t": "x"}])
    assert batch.numbers(["c", "b", "a"]).tolist() == [[float(2**60), 1.0, 1.5]]
    with pytest.raises(ValueError, match="'t' is text"):
        batch.numbers(["t"])
    with pytest.raises(KeyError):
        batch.numbers(["z"])


@pytest.mark.parametrize(
    ("records", "said"),
    [
        ([], "the batch is empty"),
        ([{"a": 1.0}, {"a": "x"}], "'a' has values of several types"),
        ([{"a": [1.0]}], "'a' has a value of type list"),
        ([{"a": 2**64}], "'a' has a whole number beyond 64 bits"),
    ],
)
def test_records_that_make_no_columns_are_refused(records: list[Record], said: str) -> None:
    with pytest.raises(InvalidRecord, match=said):
        Batch.from_records("wine", records)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (pb.Batch(rows=0), "the batch is empty"),
        (pb.Batch(rows=1, blocks=[pb.Block(names=["a"])]), "no names or no values"),
        (pb.Batch(rows=1, blocks=[pb.Block(float64=b"8 bytes.")]), "no names or no values"),
        (pb.Batch(rows=2, blocks=[pb.Block(names=["a"], float64=b"8 bytes.")]), "must have 2"),
        (pb.Batch(rows=1, blocks=[pb.Block(names=["a"], float64=b"7 bytes")]), "whole values"),
        (pb.Batch(rows=1, blocks=[pb.Block(names=["a"], bools=b"\x03")]), "a boolean is neither"),
        (
            pb.Batch(rows=1, blocks=[pb.Block(names=["a", "a"], float64=b"16 bytes........")]),
            "'a' stands twice",
        ),
        (
            pb.Batch(
                rows=1, blocks=[pb.Block(names=["a"], strings=pb.Strings(values=[""], missing=[5]))]
            ),
            "beyond the end",
        ),
    ],
)
def test_bytes_that_make_no_batch_are_refused(message: pb.Batch, said: str) -> None:
    with pytest.raises(InvalidRecord, match=said):
        Batch.from_proto(message)


def test_whole_numbers_beyond_doubles_stay_exact_beside_floats() -> None:
    batch = Batch.from_records("ids", [{"id": 2**60 + 1}, {"id": 5.0}])
    assert batch.to_records() == [{"id": 2**60 + 1}, {"id": 5}]


def test_a_float_beyond_64_bits_makes_its_column_floats() -> None:
    batch = Batch.from_records("ids", [{"id": 2**60}, {"id": 1e300}])
    assert batch.to_records() == [{"id": float(2**60)}, {"id": 1e300}]


@pytest.mark.parametrize("rest", [[None], [None, 5], [5.0, None]])
def test_whole_numbers_beyond_doubles_cannot_be_beside_missing_ones(rest: list[Any]) -> None:
    records = [{"id": 2**60 + 1}, *({"id": value} for value in rest)]
    with pytest.raises(InvalidRecord, match=r"'id' has whole numbers beyond.*send it as text"):
        Batch.from_records("ids", records)


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({"a": "\ud800"}, "feature 'a' has a text with half a character"),
        ({"\ud800": 1.0}, "the name '.ud800', which is no text"),
        ({1: 2.0}, "the name 1, which is no text"),
    ],
)
def test_what_is_no_text_is_refused_by_name(record: Any, problem: str) -> None:
    with pytest.raises(InvalidRecord, match=problem):
        Batch.from_records("wine", [record]).to_proto()


@pytest.mark.parametrize("names", [["a", "b", "a"], [1, "b", "1"]])
def test_columns_of_one_name_are_refused(names: list[Any]) -> None:
    frame = pd.DataFrame([[1.0, 2.0, 3.0]], columns=names)
    with pytest.raises(InvalidRecord, match=r"several columns '(a|1)'; rename"):
        Batch.from_dataframe("wine", frame)
