"""Records of one data type, as columns: what clients build, the wire carries and models score.

A `Batch` is a handful of blocks, each a matrix whose columns are features of one type. A record of
thirteen numbers is one block of shape [1, 13]; a thousand of them are one of shape [1000, 13]. Joining
tasks is joining matrices, and nothing is done value by value between a client and a model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hedgerow.errors import InvalidRecord
from hedgerow.v1 import records_pb2 as pb

if TYPE_CHECKING:
    import pandas as pd

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
_MISSING_BOOLEAN = 2

# One entry a block: what must be equal for batches to be joined as they are.
Layout = tuple[tuple[Kind, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Block:
    """Columns of one type.

    `values` has shape [rows, len(names)]: float64 (NaN is missing), int64, uint8 (0, 1, 2 is missing)
    or object (str, None is missing), by `kind`.
    """

    kind: Kind
    names: tuple[str, ...]
    values: Matrix


class Batch:
    """Records of one data type, as columns. Immutable once made."""

    __slots__ = ("blocks", "data_type", "layout", "rows")

    def __init__(self, data_type: str, rows: int, blocks: Sequence[Block]) -> None:
        self.data_type = data_type
        self.rows = rows
        self.blocks = tuple(blocks)
        self.layout: Layout = tuple([(block.kind, block.names) for block in blocks])

    def __repr__(self) -> str:
        return f"Batch({self.data_type!r}, rows={self.rows}, features={list(self.features)})"

    @property
    def features(self) -> Iterable[str]:
        """The names of all features, in the order of the blocks."""
        return (name for block in self.blocks for name in block.names)

    # -- from and to what users have ---------------------------------------------------------------

    @classmethod
    def from_records(cls, data_type: str, records: Sequence[Record]) -> Batch:
        """Make a batch of mappings from feature to value; `None` or an absent key is a missing value.

        Raises InvalidRecord for an empty sequence and for a feature whose values are of several types.
        """
        if not records:
            raise InvalidRecord("the batch is empty; send at least one record")
        names = _names_of(records)
        if (block := _floats_only(names, records)) is not None:
            return cls(data_type, len(records), (block,))
        columns = {name: [record.get(name) for record in records] for name in names}
        return cls(data_type, len(records), _blocks_of(columns, len(records)))

    @classmethod
    def from_dataframe(cls, data_type: str, frame: pd.DataFrame) -> Batch:
        """Make a batch of a pandas DataFrame, a feature a column; NaN, None and NA are missing values."""
        if len(frame) == 0:
            raise InvalidRecord("the batch is empty; send at least one record")
        columns = {
            str(name): [
                None if missing else value for value, missing in zip(cells, absent, strict=True)
            ]
            for (name, cells), absent in zip(
                ((name, frame[name].tolist()) for name in frame.columns),
                (frame[name].isna().tolist() for name in frame.columns),
                strict=True,
            )
        }
        return cls(data_type, len(frame), _blocks_of(columns, len(frame)))

    def to_records(self) -> list[dict[str, Value]]:
        """Return a mapping a record, with None for missing values."""
        records: list[dict[str, Value]] = [{} for _ in range(self.rows)]
        for block in self.blocks:
            for record, row in zip(records, _cells(block), strict=True):
                record.update(zip(block.names, row, strict=True))
        return records

    # -- from and to the wire ----------------------------------------------------------------------

    @classmethod
    def from_proto(cls, message: pb.Batch) -> Batch:
        """Read a batch off the wire; the numbers stay where they are in the message's bytes.

        Raises InvalidRecord where the bytes do not make rows x names values or a name comes twice.
        """
        rows = message.rows
        if rows == 0:
            raise InvalidRecord("the batch is empty; send at least one record")
        blocks = [_block_from(block, rows) for block in message.blocks]
        batch = cls(message.data_type, rows, blocks)
        if batch.layout not in _unique:
            _check_unique(batch.layout)
        return batch

    def to_proto(self) -> pb.Batch:
        """Write the batch for the wire."""
        return pb.Batch(
            data_type=self.data_type,
            rows=self.rows,
            blocks=[_block_to(block) for block in self.blocks],
        )

    # -- for models --------------------------------------------------------------------------------

    @staticmethod
    def join(batches: Sequence[Batch]) -> Batch:
        """Join batches of one layout, in order."""
        if len(batches) == 1:
            return batches[0]
        first = batches[0]
        blocks = [
            Block(block.kind, block.names, np.concatenate([b.blocks[i].values for b in batches]))
            for i, block in enumerate(first.blocks)
        ]
        return Batch(first.data_type, sum(batch.rows for batch in batches), blocks)

    def rows_of(self, start: int, stop: int) -> Batch:
        """Return the records from `start` up to `stop`, without copying."""
        blocks = [Block(b.kind, b.names, b.values[start:stop]) for b in self.blocks]
        return Batch(self.data_type, stop - start, blocks)

    def numbers(self, names: Sequence[str], dtype: npt.DTypeLike = np.float64) -> Matrix:
        """Return numeric features as a matrix [rows, len(names)] of `dtype`, NaN where missing.

        Raises KeyError for a feature the batch does not have and ValueError for one that is text.
        """
        if len(self.blocks) == 1:
            block = self.blocks[0]
            if block.kind is Kind.FLOAT:
                order = _order(block.names, tuple(names))
                values = block.values if order is None else block.values[:, order]
                return values.astype(dtype, copy=False)
        columns = [self._number_column(name) for name in names]
        return (
            np.stack(columns, axis=1).astype(dtype, copy=False) if columns else self._no_columns()
        )

    def column(self, name: str) -> list[Value]:
        """Return one feature as Python values, None where missing. Raises KeyError if there is none."""
        block, position = self._find(name)
        column = Block(block.kind, (name,), block.values[:, position : position + 1])
        return [row[0] for row in _cells(column)]

    def _number_column(self, name: str) -> Matrix:
        block, position = self._find(name)
        if block.kind is Kind.TEXT:
            raise ValueError(f"feature {name!r} is text, not a number")
        column = block.values[:, position].astype(np.float64)
        if block.kind is Kind.BOOLEAN:
            column[block.values[:, position] == _MISSING_BOOLEAN] = np.nan
        return column

    def _no_columns(self) -> Matrix:
        return np.empty((self.rows, 0))

    def _find(self, name: str) -> tuple[Block, int]:
        for block in self.blocks:
            if name in block.names:
                return block, block.names.index(name)
        raise KeyError(name)


@lru_cache(maxsize=1024)
def _order(have: tuple[str, ...], want: tuple[str, ...]) -> list[int] | None:
    """Where each wanted column stands; None if they stand as wanted. Raises KeyError."""
    if have == want:
        return None
    place = {name: i for i, name in enumerate(have)}
    return [place[name] for name in want]


# Layouts that were checked; there are few, and a set is cheaper to ask than a cache.
_unique: set[Layout] = set()
_LAYOUTS_KEPT = 1024


def _check_unique(layout: Layout) -> None:
    seen: set[str] = set()
    for _, names in layout:
        for name in names:
            if name in seen:
                raise InvalidRecord(f"feature {name!r} stands twice in the batch; send it once")
            seen.add(name)
    if len(_unique) >= _LAYOUTS_KEPT:
        _unique.clear()
    _unique.add(layout)


def _block_from(message: pb.Block, rows: int) -> Block:
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
    data: bytes = getattr(message, kind.value)
    dtype = _DTYPES[kind]
    if len(data) % dtype.itemsize:
        raise InvalidRecord(f"{len(data)} bytes of {kind.value} do not make whole values")
    values = np.frombuffer(data, dtype)
    if kind is Kind.BOOLEAN and (values > _MISSING_BOOLEAN).any():
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


def _block_to(block: Block) -> pb.Block:
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


def _cells(block: Block) -> list[list[Value]]:
    cells: list[list[Value]] = block.values.tolist()
    if block.kind is Kind.FLOAT:
        return [[None if cell != cell else cell for cell in row] for row in cells]
    if block.kind is Kind.BOOLEAN:
        return [[None if cell == _MISSING_BOOLEAN else bool(cell) for cell in row] for row in cells]
    return cells


def _floats_only(names: list[str], records: Sequence[Record]) -> Block | None:
    """The usual record has nothing but floats, and needs no look at each column."""
    rows = [[record.get(name) for name in names] for record in records]
    if not names or not all(type(cell) is float for row in rows for cell in row):
        return None
    return Block(Kind.FLOAT, tuple(names), np.array(rows, dtype=_DTYPES[Kind.FLOAT]))


def _names_of(records: Sequence[Record]) -> list[str]:
    first = records[0]
    if all(record.keys() == first.keys() for record in records):
        return list(first)
    return list(dict.fromkeys(name for record in records for name in record))


def _blocks_of(columns: Mapping[str, list[Any]], rows: int) -> list[Block]:
    by_kind: dict[Kind, list[str]] = {}
    for name, cells in columns.items():
        by_kind.setdefault(_kind_of(name, cells), []).append(name)
    return [
        Block(kind, tuple(names), _matrix(kind, [columns[name] for name in names], rows))
        for kind, names in by_kind.items()
    ]


def _kind_of(name: str, cells: list[Any]) -> Kind:
    """The kind of a column. A column of missing values only counts as numbers."""
    kinds = {_kind_of_value(name, cell) for cell in cells if cell is not None}
    if kinds <= {Kind.FLOAT}:
        return Kind.FLOAT
    if kinds == {Kind.FLOAT, Kind.INTEGER}:
        return (
            Kind.INTEGER
            if None not in cells and all(_whole(cell) for cell in cells)
            else Kind.FLOAT
        )
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
    return float(value).is_integer()


def _matrix(kind: Kind, columns: list[list[Any]], rows: int) -> Matrix:
    missing = {Kind.FLOAT: np.nan, Kind.BOOLEAN: _MISSING_BOOLEAN, Kind.TEXT: None}.get(kind)
    matrix = np.empty((rows, len(columns)), dtype=_DTYPES[kind])
    for position, cells in enumerate(columns):
        matrix[:, position] = [missing if cell is None else cell for cell in cells]
    return matrix
