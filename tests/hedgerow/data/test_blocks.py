"""Blocks made the fast way are those that a look at each value makes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.data.blocks import Block, Kind, Record, blocks_of_records
from hedgerow.errors import InvalidRecord

_MISSING = {Kind.FLOAT: np.nan, Kind.BOOLEAN: 2, Kind.TEXT: None}
_DTYPES = {Kind.FLOAT: np.float64, Kind.INTEGER: np.int64, Kind.BOOLEAN: np.uint8}

_NUMBERS = (
    st.floats()
    | st.integers(-(2**65), 2**65)
    | st.sampled_from([2**53, 2**53 + 1, -(2**63), 2**63, np.float32(1.5), np.int64(2**60)])
)
_CELLS: st.SearchStrategy[st.SearchStrategy[Any]] = st.sampled_from(
    [
        st.floats(),
        st.none() | st.floats(),
        st.none() | st.text(max_size=3),
        st.none() | st.booleans(),
        st.integers(-9, 9),
        _NUMBERS,
        st.none() | _NUMBERS | st.just("x") | st.just(True) | st.just(b"x"),
    ]
)


@st.composite
def _records(draw: st.DrawFn) -> list[Record]:
    """Dicts, with some keys absent or in another order, some of another type than dict."""
    columns = draw(st.dictionaries(st.sampled_from("abcd"), _CELLS, max_size=4))
    rows = draw(st.integers(1, 5))
    records: list[Record] = [
        {name: draw(cells) for name, cells in columns.items()} for _ in range(rows)
    ]
    if draw(st.booleans()):
        records = [dict(draw(st.permutations(list(record.items())))) for record in records]
    if draw(st.booleans()):
        records = [
            {name: cell for name, cell in record.items() if draw(st.booleans())}
            for record in records
        ]
    return [defaultdict(float, record) if draw(st.booleans()) else record for record in records]


@settings(deadline=None)
@given(_records())
def test_blocks_are_as_a_look_at_each_value_makes_them(records: list[Record]) -> None:
    assert _outcome(blocks_of_records, records) == _outcome(_looked_at, records)


def test_a_mapping_that_makes_up_values_is_not_asked_for_keys_it_lacks() -> None:
    records = [defaultdict(float, {"a": 1.0, "b": 2.0}), defaultdict(float, {"a": 3.0, "c": 4.0})]
    (block,) = blocks_of_records(records)
    assert block.names == ("a", "b", "c")
    assert np.isnan(block.values).tolist() == [[False, False, True], [False, True, False]]
    assert [len(record) for record in records] == [2, 2]


def _outcome(make: Any, records: Sequence[Record]) -> Any:
    try:
        blocks = make(records)
    except InvalidRecord as error:
        return str(error)
    return [
        (
            block.kind,
            block.names,
            block.values.dtype,
            block.values.shape,
            repr(block.values.tolist()),
        )
        for block in blocks
    ]


def _looked_at(records: Sequence[Record]) -> list[Block]:
    names = list(dict.fromkeys(name for record in records for name in record))
    by_kind: dict[Kind, dict[str, list[Any]]] = {}
    for name in names:
        cells = [record.get(name) for record in records]
        by_kind.setdefault(_kind_of(name, cells), {})[name] = cells
    return [_block(kind, columns, len(records)) for kind, columns in by_kind.items()]


def _block(kind: Kind, columns: dict[str, list[Any]], rows: int) -> Block:
    values = np.empty((rows, len(columns)), _DTYPES.get(kind, object))
    for position, cells in enumerate(columns.values()):
        for row, cell in enumerate(cells):
            filled: Any = _MISSING[kind] if cell is None else cell
            values[row, position] = int(filled) if kind is Kind.INTEGER else filled
    return Block(kind, tuple(columns), values)


def _kind_of(name: str, cells: Sequence[Any]) -> Kind:
    kinds = {_kind_of_value(name, cell) for cell in cells if cell is not None} or {Kind.FLOAT}
    if kinds == {Kind.FLOAT, Kind.INTEGER} or kinds == {Kind.INTEGER}:
        present = [cell for cell in cells if cell is not None]
        if not all(float(c).is_integer() and -(2**63) <= c < 2**63 for c in present):
            return Kind.FLOAT
        if len(present) < len(cells):
            raise InvalidRecord(
                f"feature {name!r} has whole numbers beyond 2**53 beside missing values, which as 64-bit"
                " numbers they cannot have; send it as text, or those records apart"
            )
        return Kind.INTEGER
    if len(kinds) > 1:
        several = ", ".join(sorted(kind.value for kind in kinds))
        raise InvalidRecord(f"feature {name!r} has values of several types ({several}); send one")
    return kinds.pop()


def _kind_of_value(name: str, value: Any) -> Kind:
    match value:
        case bool():
            return Kind.BOOLEAN
        case float() | np.floating():
            return Kind.FLOAT
        case int() | np.integer() if not -(2**63) <= value < 2**63:
            raise InvalidRecord(f"feature {name!r} has a whole number beyond 64 bits: {value}")
        case int() | np.integer():
            return Kind.FLOAT if abs(int(value)) <= 2**53 else Kind.INTEGER
        case str():
            return Kind.TEXT
    raise InvalidRecord(
        f"feature {name!r} has a value of type {type(value).__name__};"
        " send numbers, text, true or false, or nothing"
    )
