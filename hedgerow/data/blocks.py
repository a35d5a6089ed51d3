"""Blocks: columns of one type, side by side, and their ways from and to the wire and Python's values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import numpy.typing as npt

from hedgerow.errors import InvalidRecord
from hedgerow.v1 import records_pb2 as pb

Value = float | int | bool | str | None
Record = Mapping[str, Value]
Matrix = npt.NDArray[Any]

# Whole numbers up to here are exact as doubles. Python's ints travel as doubles below it, so that a
# feature that is 100 in one record and 100.5 in the next does not change the layout of the block.
_EXACT_INTEGERS = 2**53


class Kind(StrEnum):
    """The type of a block. The value is the name of its field on the wire.

    A string as well, because strings hash in C and layouts are hashed for every task.
    """

    FLOAT = "float64"
    INTEGER = "int64"
    BOOLEAN = "bools"
    TEXT = "strings"


# Looking a member up in its enum is slow, and this is done for every task.
_KINDS: dict[str | None, Kind] = {kind.value: kind for kind in Kind}

_DTYPES: dict[Kind, np.dtype[Any]] = {
    Kind.FLOAT: np.dtype("<f8"),
    Kind.INTEGER: np.dtype("<i8"),
    Kind.BOOLEAN: np.dtype("u1"),
    Kind.TEXT: np.dtype(object),
}
MISSING_BOOLEAN = 2

_KINDS_OF_TYPES: dict[type, Kind] = {float: Kind.FLOAT, bool: Kind.BOOLEAN, str: Kind.TEXT}
_FLOATS_ONLY, _DICTS_ONLY = {float}, {dict}


@dataclass(frozen=True, slots=True)
class Block:
    """Columns of one type.

    `values` has shape [rows, len(names)]: float64 (NaN is missing), int64, uint8 (0, 1, 2 is missing)
    or object (str, None is missing), by `kind`.
    """

    kind: Kind
    names: tuple[str, ...]
    values: Matrix


def block_from_proto(message: pb.Block, rows: int) -> Block:
    """Read a block off the wire. Raises InvalidRecord where its bytes do not make rows x names values."""
    kind = _KINDS.get(message.WhichOneof("values"))
    names = tuple(message.names)
    if kind is None or not names:
        raise InvalidRecord("a block of the batch has no names or no values; leave such blocks out")
    values = _texts_from(message.strings) if kind is Kind.TEXT else _numbers_from(message, kind)
    if values.size != rows * len(names):
        raise InvalidRecord(
            f"a block has {values.size} values for {rows} records of {len(names)} features"
            f" ({names[0]!r} and on); it must have {rows * len(names)}"
        )
    return Block(kind, names, values.reshape(rows, len(names)))


def _numbers_from(message: pb.Block, kind: Kind) -> Matrix:
    packed: bytes = getattr(message, kind.value)
    dtype = _DTYPES[kind]
    if len(packed) % dtype.itemsize:
        raise InvalidRecord(f"{len(packed)} bytes of {kind.value} do not make whole values")
    values = np.frombuffer(packed, dtype)
    if kind is Kind.BOOLEAN and (values > MISSING_BOOLEAN).any():
        raise InvalidRecord("a boolean is neither 0 (false), 1 (true) nor 2 (missing)")
    return values


def _texts_from(message: pb.Strings) -> Matrix:
    values = np.array(list(message.values), dtype=object)
    if message.missing:
        positions = list(message.missing)
        if max(positions) >= len(values):
            raise InvalidRecord("a missing text is marked beyond the end of its block")
        values[positions] = None
    return values


def block_to_proto(block: Block) -> pb.Block:
    """Write a block for the wire. Raises InvalidRecord for what is no text, in its names or values."""
    try:
        return _block_to_proto(block)
    except (TypeError, UnicodeEncodeError, ValueError) as error:
        raise _not_text(block) from error


def _block_to_proto(block: Block) -> pb.Block:
    if block.kind is Kind.TEXT:
        cells = block.values.ravel().tolist()
        strings = pb.Strings(
            values=["" if cell is None else cell for cell in cells],
            missing=[i for i, cell in enumerate(cells) if cell is None],
        )
        return pb.Block(names=block.names, strings=strings)
    message = pb.Block(names=block.names)
    setattr(message, block.kind.value, block.values.tobytes())
    return message


def _not_text(block: Block) -> InvalidRecord:
    """Say which name or value of a block cannot be written as UTF-8."""
    for position, name in enumerate(block.names):
        if not _is_text(name):
            return InvalidRecord(f"a feature has the name {name!r}, which is no text; rename it")
        for cell in block.values[:, position].tolist() if block.kind is Kind.TEXT else ():
            if cell is not None and not _is_text(cell):
                return InvalidRecord(
                    f"feature {name!r} has a text with half a character in it (a lone surrogate):"
                    f" {cell!r}; send valid Unicode"
                )
    return InvalidRecord(f"the features {list(block.names)} cannot be sent")


def _is_text(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(value.encode() or True)
    except UnicodeEncodeError:
        return False


def cells_of(block: Block) -> list[list[Value]]:
    """Return the values as Python's, row by row, None where missing."""
    cells: list[list[Value]] = block.values.tolist()
    if block.kind is Kind.FLOAT:
        return [[None if cell != cell else cell for cell in row] for row in cells]
    if block.kind is Kind.BOOLEAN:
        return [[None if cell == MISSING_BOOLEAN else bool(cell) for cell in row] for row in cells]
    return cells


def blocks_of_records(records: Sequence[Record]) -> list[Block]:
    """Make blocks of mappings from feature to value; an absent key is a missing value.

    Raises InvalidRecord for a feature whose values are of several types, or of none of ours.
    """
    rows: Sequence[Sequence[Any]] | None = _rows_alike(records)
    if rows is None:
        names = _names_of(records)
        rows = [[record.get(name) for name in names] for record in records]
    else:
        names = list(records[0])
    # The usual record has nothing but floats, and needs no look at each column.
    if set(map(type, chain.from_iterable(rows))) == _FLOATS_ONLY:
        return [Block(Kind.FLOAT, tuple(names), np.array(rows, dtype=_DTYPES[Kind.FLOAT]))]
    columns = {
        name: list(cells) for name, cells in zip(names, zip(*rows, strict=True), strict=True)
    }
    return blocks_of_columns(columns, len(records))


def _rows_alike(records: Sequence[Record]) -> list[tuple[Any, ...]] | None:
    """Return the values of records that all have the first one's keys, in its order; None if not all have.

    Only of plain dicts: what else is a mapping may make up a value for a key that it does not have.
    """
    size = len(records[0])
    if size < 2 or set(map(type, records)) != _DICTS_ONLY or set(map(len, records)) != {size}:
        return None
    try:
        return list(map(itemgetter(*records[0]), records))
    except KeyError:
        return None


def blocks_of_columns(columns: Mapping[str, list[Any]], rows: int) -> list[Block]:
    """Make blocks of columns of `rows` values, None where missing. Raises as `blocks_of_records`."""
    by_kind: dict[Kind, list[str]] = {}
    for name, cells in columns.items():
        by_kind.setdefault(_kind_of(name, cells), []).append(name)
    return [
        Block(kind, tuple(names), _matrix(kind, [columns[name] for name in names], rows))
        for kind, names in by_kind.items()
    ]


def _names_of(records: Sequence[Record]) -> list[str]:
    first = records[0]
    if all(record.keys() == first.keys() for record in records):
        return list(first)
    return list(dict.fromkeys(name for record in records for name in record))


def _kind_of(name: str, cells: list[Any]) -> Kind:
    """The kind of a column. A column of missing values only counts as numbers."""
    types = set(map(type, cells))
    types.discard(type(None))
    # Python's own types need no look at each value, except whole numbers.
    if len(types) == 1 and (known := _KINDS_OF_TYPES.get(types.pop())) is not None:
        return known
    kinds = {_kind_of_value(name, cell) for cell in cells if cell is not None}
    if kinds <= {Kind.FLOAT}:
        return Kind.FLOAT
    if Kind.INTEGER in kinds and kinds <= {Kind.FLOAT, Kind.INTEGER}:
        if not all(_whole(cell) for cell in cells if cell is not None):
            return Kind.FLOAT
        if None in cells:
            raise InvalidRecord(
                f"feature {name!r} has whole numbers beyond 2**53 beside missing values, which as 64-bit"
                " numbers they cannot have; send it as text, or those records apart"
            )
        return Kind.INTEGER
    if len(kinds) > 1:
        several = ", ".join(sorted(kind.value for kind in kinds))
        raise InvalidRecord(f"feature {name!r} has values of several types ({several}); send one")
    return kinds.pop()


def _kind_of_value(name: str, value: object) -> Kind:
    if isinstance(value, bool | np.bool_):
        return Kind.BOOLEAN
    if isinstance(value, float | np.floating):
        return Kind.FLOAT
    if isinstance(value, int | np.integer):
        if not -(2**63) <= value < 2**63:
            raise InvalidRecord(f"feature {name!r} has a whole number beyond 64 bits: {value}")
        return Kind.FLOAT if abs(int(value)) <= _EXACT_INTEGERS else Kind.INTEGER
    if isinstance(value, str):
        return Kind.TEXT
    raise InvalidRecord(
        f"feature {name!r} has a value of type {type(value).__name__};"
        " send numbers, text, true or false, or nothing"
    )


def _whole(value: float) -> bool:
    """Tell whether a number is a whole one of 64 bits."""
    return float(value).is_integer() and -(2**63) <= value < 2**63


def _matrix(kind: Kind, columns: list[list[Any]], rows: int) -> Matrix:
    missing = {Kind.FLOAT: np.nan, Kind.BOOLEAN: MISSING_BOOLEAN, Kind.TEXT: None}.get(kind)
    matrix = np.empty((rows, len(columns)), dtype=_DTYPES[kind])
    for position, cells in enumerate(columns):
        if kind is Kind.INTEGER:
            cells = [int(cell) for cell in cells]  # beside a float they would all become floats
        matrix[:, position] = [missing if cell is None else cell for cell in cells]
    return matrix
