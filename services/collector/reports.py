"""A frame of results as it came from a host, read once into what deciding needs.

Most frames hold many tasks of one record each, so the columns become plain lists: looking one value up in
a list costs a fiftieth of doing so in an array. The arrays, for large batches, are made when asked for.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from hedgerow.errors import InvalidInput
from hedgerow.predictions import Predictions
from hedgerow.v1 import records_pb2
from hedgerow.v1.collection_pb2 import ReportRequest
from hedgerow.v1.scoring_pb2 import MODEL_STATE_ANSWERED, ModelReport
from services.collector.columns import ABSENT
from services.collector.rules import Value
from services.collector.statistics import Counts

_LONGEST = 1e9
"""Seconds beyond which a time a host tells cannot be."""

_DOUBLES = np.dtype("<f8")

Column = npt.NDArray[Any]
T = TypeVar("T")


class Report:
    """What one model version said about the tasks of one frame.

    `values` has an entry for each row of all its tasks joined, None where there is no answer (NaN and
    infinite numbers are none); `confidences` has a number for each row, NaN where there is none, or is
    None where the model gives none at all. `received` is seconds of the collector's clock.
    """

    __slots__ = (
        "_message",
        "classes",
        "confidences",
        "counts",
        "encoded",
        "name",
        "received",
        "scoring",
        "values",
        "version",
    )

    def __init__(self, message: ReportRequest, counts: Counts, received: float) -> None:
        """Read the frame. Raises InvalidInput if its columns do not fit together."""
        predictions = message.predictions
        self._message = message
        self.counts = counts
        self.name = counts.name
        self.version = counts.version
        self.received = received
        seconds = message.scoring_seconds
        self.scoring = seconds if 0 <= seconds < _LONGEST else 0.0
        self.encoded = _encoded(counts, self.scoring)
        """What the reports on this model in decisions begin with, those on one record."""
        self.classes: tuple[str, ...] | None = None
        if predictions.HasField("labels"):
            self.classes = tuple(predictions.labels.classes)
        self.values = _values(predictions, self.classes)
        self.confidences = _confidences(predictions, len(self.values))

    def codes(self, codes: dict[str, int], start: int, stop: int) -> npt.NDArray[np.int64]:
        """Return a whole number for each of some rows: equal for equal answers, ABSENT for none.

        Labels are numbered by `codes`, which grows as they come; numbers by their bits.
        """
        if self.classes is None:
            # 0.0 is added for -0.0, which is the same number by other bits.
            found = (self.numbers(start, stop) + 0.0).view(np.int64)
        else:
            of_class = [codes.setdefault(text, len(codes)) for text in self.classes]
            indexes = list(self._message.predictions.labels.indexes[start:stop])
            found = np.array(of_class, np.int64)[indexes]
        absent = [row for row, value in enumerate(self.values[start:stop]) if value is None]
        found[absent] = ABSENT
        return found

    def numbers(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Return the numbers of some rows; what is there for rows without an answer means nothing."""
        return np.frombuffer(self._message.predictions.numbers, _DOUBLES)[start:stop]

    def trust(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Return the confidence of each of some rows, 0 where there is none."""
        if self.confidences is None:
            return np.zeros(stop - start)
        found = np.array(self.confidences[start:stop])
        found[np.isnan(found)] = 0.0
        return found

    def said(self, start: int, stop: int) -> Predictions:
        """Return what the model said about some rows, raw outputs included."""
        return Predictions.from_proto(self._message.predictions).rows_of(start, stop)

    def seconds_of(self, rows: int) -> float:
        """Return what scoring some of the rows took, if all take the same."""
        return self.scoring * rows / len(self.values) if self.values else 0.0


Result = tuple[int, int, float, str, Sequence[int]]
"""What a frame says of one task: its id, its rows, seconds it waited in the host, why it failed (or ""),
and which records of the task the rows are (ascending; empty: all)."""


class Part(NamedTuple):
    """A model's answer to a task: rows of a frame."""

    report: Report
    start: int
    """Its first row in the frame."""
    queued: float
    """Seconds the task waited in the host."""
    rows: int
    records: Sequence[int] = ()
    """Which records of the task the rows are, ascending; empty: all of them."""

    @property
    def stop(self) -> int:
        """The row in the frame after its last."""
        return self.start + self.rows

    def row_of(self, record: int) -> int | None:
        """Return the row in the frame for a record of the task; None if the model was not asked for it."""
        if not self.records:
            return self.start + record
        place = bisect_left(self.records, record)
        if place < len(self.records) and self.records[place] == record:
            return self.start + place
        return None

    def listed(self, values: Sequence[T], size: int) -> Sequence[T | None]:
        """Return its part of a frame's list for all `size` records, None where it was not asked."""
        rows = values[self.start : self.stop]
        if not self.records:
            return rows
        column: list[T | None] = [None] * size
        for record, value in zip(self.records, rows, strict=True):
            column[record] = value
        return column

    def spread(self, values: Column, size: int, absent: object) -> Column:
        """Lay values of its rows out over all `size` records of the task, `absent` where there is none."""
        if not self.records:
            return values
        column = np.full(size, absent, values.dtype)
        column[list(self.records)] = values
        return column


def _encoded(counts: Counts, scoring: float) -> bytes:
    message = ModelReport(
        name=counts.name, version=counts.version, state=MODEL_STATE_ANSWERED, records=1
    )
    message.scoring.FromNanoseconds(int(scoring * 1e9))
    return message.SerializeToString()


def _values(message: records_pb2.Predictions, classes: tuple[str, ...] | None) -> list[Value]:
    values: list[Value]
    try:
        if classes is not None:
            values = [classes[index] for index in message.labels.indexes]
        else:
            values = _finite(np.frombuffer(message.numbers, _DOUBLES).tolist())
        for row in message.absent:
            values[row] = None
    except (IndexError, ValueError) as exc:
        raise InvalidInput(
            "a report's columns do not fit together: a label or a row is named that is not there"
        ) from exc
    return values


def _finite(numbers: list[float]) -> list[Value]:
    return [number if math.isfinite(number) else None for number in numbers]


def _confidences(message: records_pb2.Predictions, rows: int) -> list[float] | None:
    data = message.confidences
    if not data:
        return None
    if len(data) != rows * _DOUBLES.itemsize:
        raise InvalidInput(
            f"a report has {len(data)} bytes of confidences for {rows} rows of doubles"
        )
    found: list[float] = np.frombuffer(data, _DOUBLES).tolist()
    return found
