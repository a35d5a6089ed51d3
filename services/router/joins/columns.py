"""Columns of several parts of a batch, put together in the order of its records."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np

from hedgerow.v1.records_pb2 import Labels, Output, Predictions
from hedgerow.v1.scoring_pb2 import Decision
from services.router.joins.splitting import Part

T = TypeVar("T")

_DOUBLES = np.dtype("<f8")
_NAN = float("nan")

Valued = Decision | Predictions | Output
"""What has labels or numbers, one a record; or neither, if there is not one value."""


class Order:
    """Where the records of each part belong in the batch."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.records = [list(part.records or ()) for part in parts]
        joined = [record for records in self.records for record in records]
        self._places = sorted(range(len(joined)), key=joined.__getitem__)

    def join(self, columns: Iterable[Iterable[T]]) -> list[T]:
        """Put the entries of each part in the order of the batch."""
        joined = [entry for column in columns for entry in column]
        return [joined[place] for place in self._places]

    def join_doubles(self, columns: Sequence[bytes]) -> bytes:
        """Put doubles in the order of the batch, NaN for a part that has none; b"" if none has."""
        if not any(columns):
            return b""
        numbers = self.join(self._numbers(columns))
        return struct.pack(f"<{len(numbers)}d", *numbers)

    def _numbers(self, columns: Sequence[bytes]) -> Iterable[list[float]]:
        for column, records in zip(columns, self.records, strict=True):
            found: list[float] = np.frombuffer(column, _DOUBLES).tolist()
            yield found or [_NAN] * len(records)

    def join_values(self, target: Valued, parts: Sequence[Valued | None]) -> None:
        """Write the values of all parts into a message; what is there for a part without means nothing.

        If one has labels, numbers among them are written as text, as the collector does.
        """
        if any(part is not None and part.HasField("labels") for part in parts):
            self._join_labels(target.labels, parts)
            return
        numbers = self.join_doubles([part.numbers if part is not None else b"" for part in parts])
        if numbers:
            target.numbers = numbers

    def _join_labels(self, target: Labels, parts: Sequence[Valued | None]) -> None:
        places: dict[str, int] = {}
        columns = [
            self._indexes(part, len(records), places)
            for part, records in zip(parts, self.records, strict=True)
        ]
        target.indexes.extend(self.join(columns))
        target.classes.extend(places)

    @staticmethod
    def _indexes(part: Valued | None, rows: int, places: dict[str, int]) -> list[int]:
        if part is None or part.WhichOneof("values") is None:
            return [0] * rows
        if part.HasField("labels"):
            own = [places.setdefault(text, len(places)) for text in part.labels.classes]
            return [own[index] for index in part.labels.indexes]
        numbers: list[float] = np.frombuffer(part.numbers, _DOUBLES).tolist()
        return [
            places.setdefault(repr(number).removesuffix(".0"), len(places))
            if number == number
            else 0
            for number in numbers
        ]
