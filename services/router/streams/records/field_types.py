"""Plain fields made features: typed by the signatures of the plan's models.

A field is text. What it must be is what a model says of the feature of its name. An empty field is a
missing value, and so is one that is not there. A field that no model knows is left out, and told once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from hedgerow.data.blocks import MISSING_BOOLEAN, Block, Kind, Matrix
from hedgerow.data.records import Batch
from hedgerow.errors import InvalidRecord
from hedgerow.v1.models_pb2 import Feature
from services.router.streams.records.arrivals import Plain
from services.router.streams.records.unknown_fields import UnknownFields

_PREFIX = b"feature:"

_EXACT = 2.0**53
"""Whole numbers from here on are not exact as doubles."""

_KINDS = {
    Feature.TYPE_STRING: Kind.TEXT,
    Feature.TYPE_BOOLEAN: Kind.BOOLEAN,
}
_TRUTH = {b"true": 1, b"1": 1, b"false": 0, b"0": 0, b"": MISSING_BOOLEAN}

_SHAPES_KEPT = 1024


class _Shape(NamedTuple):
    """What the names of a record's fields come to."""

    places: dict[str, int]
    """Of each known feature the place of its value."""
    twice: str = ""
    """A feature that stands twice; empty: none does."""


class FieldTypes:
    """The features of one plan's models: `types` has the type of each."""

    def __init__(
        self, data_type: str, types: Mapping[str, Feature.Type], unknown: UnknownFields
    ) -> None:
        self._data_type = data_type
        self._types = types
        self._unknown = unknown
        self._shapes: dict[tuple[bytes, ...], _Shape] = {}

    def check(self, record: Plain) -> None:
        """Raise InvalidRecord, naming the feature, if a record cannot be made features of."""
        shape = self._shape(record.names)
        if shape.twice:
            raise InvalidRecord(f"feature {shape.twice!r} stands twice; send it once")
        for name, place in shape.places.items():
            self._value(name, record.values[place])

    def batch(self, records: Sequence[Plain]) -> Batch:
        """Return records, a row each. Raises InvalidRecord if `check` does for one of them."""
        shapes = [self._shape(record.names) for record in records]
        first = shapes[0]
        alike = all(shape is first for shape in shapes)
        present = first.places.keys() if alike else {n for shape in shapes for n in shape.places}
        by_kind: dict[Kind, list[str]] = {}
        for name in self._types:
            if name in present:
                kind = _KINDS.get(self._types[name], Kind.FLOAT)
                by_kind.setdefault(kind, []).append(name)
        blocks = []
        for kind, names in by_kind.items():
            cells = _cells(records, shapes, names)
            blocks += (
                self._numbers(names, cells)
                if kind is Kind.FLOAT
                else [Block(kind, tuple(names), self._matrix(kind, names, cells))]
            )
        return Batch(self._data_type, len(records), blocks)

    def keep_known(self, batch: Batch) -> Batch:
        """Return a batch without the features that no model knows."""
        unknown = [name for name in batch.features if name not in self._types]
        if not unknown:
            return batch
        for name in unknown:
            self._unknown.seen(name)
        blocks = []
        for block in batch.blocks:
            places = [place for place, name in enumerate(block.names) if name in self._types]
            names = tuple([block.names[place] for place in places])
            if names:
                blocks.append(Block(block.kind, names, block.values[:, places]))
        return Batch(batch.data_type, batch.rows, blocks)

    def _shape(self, names: tuple[bytes, ...]) -> _Shape:
        shape = self._shapes.get(names)
        if shape is None:
            if len(self._shapes) >= _SHAPES_KEPT:
                self._shapes.clear()
            shape = self._shapes[names] = self._new_shape(names)
        return shape

    def _new_shape(self, names: tuple[bytes, ...]) -> _Shape:
        places: dict[str, int] = {}
        for place, raw in enumerate(names):
            name = raw.removeprefix(_PREFIX).decode("utf-8", "replace")
            if name not in self._types:
                self._unknown.seen(name)
            elif name in places:
                return _Shape({}, name)
            else:
                places[name] = place
        return _Shape(places)

    # -- values ------------------------------------------------------------------------------------

    def _numbers(self, names: list[str], cells: list[list[bytes]]) -> list[Block]:
        """Return a block of doubles and one of whole numbers that doubles do not hold, if there are any."""
        try:
            values = _floats(cells)
        except ValueError:
            for row in cells:
                for name, cell in zip(names, row, strict=True):
                    self._value(name, cell)
            raise
        with np.errstate(invalid="ignore"):
            large = (np.abs(values) >= _EXACT).any(axis=0)
        whole = [
            place
            for place in np.flatnonzero(large).tolist()
            if self._types[names[place]] == Feature.TYPE_INTEGER
            and np.isfinite(values[:, place]).all()
        ]
        if not whole:
            return [Block(Kind.FLOAT, tuple(names), values)]
        rest = [place for place in range(len(names)) if place not in whole]
        exact = [[self._whole(names[place], row[place]) for place in whole] for row in cells]
        integers = Block(
            Kind.INTEGER, tuple([names[p] for p in whole]), np.array(exact, dtype=np.int64)
        )
        if not rest:
            return [integers]
        return [Block(Kind.FLOAT, tuple([names[p] for p in rest]), values[:, rest]), integers]

    def _matrix(self, kind: Kind, names: list[str], cells: list[list[bytes]]) -> Matrix:
        dtype = object if kind is Kind.TEXT else np.uint8
        matrix = np.empty((len(cells), len(names)), dtype=dtype)
        for row, values in enumerate(cells):
            for place, (name, cell) in enumerate(zip(names, values, strict=True)):
                matrix[row, place] = self._value(name, cell)
        return matrix

    def _value(self, name: str, cell: bytes) -> float | int | str | None:
        """Return a value, as its block has it. Raises InvalidRecord, naming the feature."""
        kind = _KINDS.get(self._types[name], Kind.FLOAT)
        try:
            if kind is Kind.FLOAT:
                return _number(cell)
            if kind is Kind.TEXT:
                return cell.decode() if cell else None
            return _TRUTH[cell.strip().lower()]
        except (ValueError, KeyError):
            wanted = {
                Kind.FLOAT: "a number",
                Kind.TEXT: "text in UTF-8",
                Kind.BOOLEAN: "true or false",
            }[kind]
            said = cell[:64].decode("utf-8", "backslashreplace")
            raise InvalidRecord(f"feature {name!r} must be {wanted}, and is {said!r}") from None

    def _whole(self, name: str, cell: bytes) -> int:
        try:
            value = int(cell)
        except ValueError:
            value = int(float(cell))
        if not -(2**63) <= value < 2**63:
            raise InvalidRecord(f"feature {name!r} has a whole number beyond 64 bits: {value}")
        return value


def _cells(
    records: Sequence[Plain], shapes: Sequence[_Shape], names: Sequence[str]
) -> list[list[bytes]]:
    """Return the values of some features, a row a record; b"" where one is not there."""
    last, order = None, [-1]
    rows = []
    for record, shape in zip(records, shapes, strict=True):
        if shape is not last:
            last, order = shape, [shape.places.get(name, -1) for name in names]
        values = record.values
        rows.append([values[place] if place >= 0 else b"" for place in order])
    return rows


def _floats(cells: list[list[bytes]]) -> Matrix:
    """Return numbers [rows, columns], NaN where there is none. Raises ValueError as `_number` does."""
    if any(b"_" in b"".join(row) for row in cells):
        raise ValueError
    nan = np.nan
    return np.array([[float(cell) if cell else nan for cell in row] for row in cells], np.float64)


def _number(cell: bytes) -> float:
    """Raises ValueError; Python would take 1_000."""
    if not cell:
        return np.nan
    if b"_" in cell:
        raise ValueError
    return float(cell)
