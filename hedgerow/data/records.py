"""Records of one data type, as columns: what clients build, the wire carries and models score.

A `Batch` is a handful of blocks, each a matrix whose columns are features of one type. A record of
thirteen numbers is one block of shape [1, 13]; a thousand of them are one of shape [1000, 13]. Joining
tasks is joining matrices, and nothing is done value by value between a client and a model.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hedgerow.data.blocks import (
    MISSING_BOOLEAN,
    Block,
    Kind,
    Matrix,
    Record,
    Value,
    block_from_proto,
    block_to_proto,
    blocks_of_columns,
    blocks_of_records,
    cells_of,
)
from hedgerow.errors import InvalidRecord
from hedgerow.v1 import records_pb2 as pb

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Batch", "Block", "Kind", "Layout", "Matrix", "Record", "Value"]

# One entry a block: what must be equal for batches to be joined as they are.
Layout = tuple[tuple[Kind, tuple[str, ...]], ...]


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
        return cls(data_type, len(records), blocks_of_records(records))

    @classmethod
    def from_dataframe(cls, data_type: str, frame: pd.DataFrame) -> Batch:
        """Make a batch of a pandas DataFrame, a feature a column; NaN, None and NA are missing.

        Raises InvalidRecord as `from_records`.
        """
        if len(frame) == 0:
            raise InvalidRecord("the batch is empty; send at least one record")
        names = [str(name) for name in frame.columns]
        if len(set(names)) < len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise InvalidRecord(
                f"the DataFrame has several columns {', '.join(map(repr, twice))}; rename or drop them"
            )
        columns = {str(name): _cells_of_series(frame[name]) for name in frame.columns}
        return cls(data_type, len(frame), blocks_of_columns(columns, len(frame)))

    def to_records(self) -> list[dict[str, Value]]:
        """Return a mapping a record, with None for missing values."""
        records: list[dict[str, Value]] = [{} for _ in range(self.rows)]
        for block in self.blocks:
            for record, row in zip(records, cells_of(block), strict=True):
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
        blocks = [block_from_proto(block, rows) for block in message.blocks]
        batch = cls(message.data_type, rows, blocks)
        if batch.layout not in _unique:
            _check_unique(batch.layout)
        return batch

    def to_proto(self) -> pb.Batch:
        """Write the batch for the wire."""
        return pb.Batch(
            data_type=self.data_type,
            rows=self.rows,
            blocks=[block_to_proto(block) for block in self.blocks],
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

    def take(self, rows: Sequence[int]) -> Batch:
        """Return some of the records, by their places, in that order."""
        places = np.asarray(rows, np.intp)
        blocks = [Block(b.kind, b.names, b.values[places]) for b in self.blocks]
        return Batch(self.data_type, len(places), blocks)

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
        return [row[0] for row in cells_of(column)]

    def _number_column(self, name: str) -> Matrix:
        block, position = self._find(name)
        if block.kind is Kind.TEXT:
            raise ValueError(f"feature {name!r} is text, not a number")
        column = block.values[:, position].astype(np.float64)
        if block.kind is Kind.BOOLEAN:
            column[block.values[:, position] == MISSING_BOOLEAN] = np.nan
        return column

    def _no_columns(self) -> Matrix:
        return np.empty((self.rows, 0))

    def _find(self, name: str) -> tuple[Block, int]:
        for block in self.blocks:
            if name in block.names:
                return block, block.names.index(name)
        raise KeyError(name)


def _cells_of_series(series: pd.Series[Any]) -> list[Any]:
    missing = series.isna().tolist()
    return [None if gone else value for value, gone in zip(series.tolist(), missing, strict=True)]


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
