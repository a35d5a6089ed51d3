"""A frame of results as it came from a host, read once into what deciding needs.

Most frames hold many tasks of one record each, so the columns become plain lists: looking one value up in
a list costs a fiftieth of doing so in an array. The arrays, for large batches, are made when asked for.
"""

from __future__ import annotations

import math

import numpy as np

from hedgerow.data.predictions import Predictions
from hedgerow.errors import InvalidInput
from hedgerow.v1 import records_pb2
from hedgerow.v1.collection_pb2 import ReportRequest, TaskResult
from hedgerow.v1.scoring_pb2 import MODEL_STATE_ANSWERED, ModelReport
from services.collector.rules.columns import ABSENT, FIRST_LABEL, Numbers, Places
from services.collector.rules.verdict import Value
from services.collector.tasks.statistics import Counts
from services.common.seconds import seconds_of

_LONGEST = 1e9
"""Seconds beyond which a time a host tells cannot be."""

_DOUBLES = np.dtype("<f8")


class Report:
    """What one model version said about the tasks of one frame.

    `values` has an entry for each row of all its tasks joined, None where there is no answer (NaN and
    infinite numbers are none), and `gaps` tells whether any has none; `confidences` has a number for each
    row, NaN where there is none (`unsure`: somewhere there is none), or is None where the model gives none
    at all. `received` is seconds of the collector's clock.
    """

    __slots__ = (
        "_message",
        "classes",
        "confidences",
        "counts",
        "encoded",
        "gaps",
        "name",
        "received",
        "row_seconds",
        "scoring",
        "unsure",
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
        seconds = seconds_of(message.scoring)
        self.scoring = seconds if 0 <= seconds < _LONGEST else 0.0
        self.encoded = _encoded(counts, self.scoring)
        """What the reports on this model in decisions begin with, those on one record."""
        self.classes: tuple[str, ...] | None = None
        if predictions.HasField("labels"):
            self.classes = tuple(predictions.labels.classes)
        self.values = _values(predictions, self.classes)
        self.gaps = None in self.values
        self.row_seconds = self.scoring / len(self.values) if self.values else 0.0
        """What scoring a row took, if all took the same."""
        self.confidences = _confidences(predictions, len(self.values))
        self.unsure = self.confidences is not None and _have_nan(self.confidences)

    def codes(self, labels: dict[str, int], start: int, stop: int) -> Places:
        """Return the code of each of some rows, equal for equal answers (see FIRST_LABEL).

        Labels are numbered by `labels`, which grows as they come.
        """
        predictions = self._message.predictions
        if self.classes is None:
            # 0.0 is added for -0.0, which is the same number by other bits.
            numbers = np.frombuffer(predictions.numbers, _DOUBLES)[start:stop] + 0.0
            found = numbers.view(np.int64)
        else:
            of_class = [code_of(text, labels) for text in self.classes]
            found = np.array(of_class, np.int64)[list(predictions.labels.indexes[start:stop])]
        if self.gaps:
            absent = [row for row, value in enumerate(self.values[start:stop]) if value is None]
            found[absent] = ABSENT
        return found

    def confidence_array(self, start: int, stop: int) -> Numbers:
        """Return the confidence of each of some rows, 0 where there is none."""
        if self.confidences is None:
            return np.zeros(stop - start)
        found = np.array(self.confidences[start:stop])
        if self.unsure:
            found[np.isnan(found)] = 0.0
        return found

    def said(self, start: int, stop: int) -> Predictions:
        """Return what the model said about some rows, raw outputs included."""
        return Predictions.from_proto(self._message.predictions).rows_of(start, stop)


Result = tuple[int, int, float, str, TaskResult]
"""What a frame says of one task: its id, its rows, seconds it waited in the host, why it failed (or ""),
and the message itself, to be asked which records these are: seldom, for that costs as much as the rest."""


def code_of(value: str | float, labels: dict[str, int]) -> int:
    """Return the code of an answer; a label is numbered if it is new."""
    if isinstance(value, str):
        return labels.setdefault(value, FIRST_LABEL + len(labels))
    return int(np.float64(value + 0.0).view(np.int64))


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


def _have_nan(numbers: list[float]) -> bool:
    # A sum is NaN if one of them is, or for infinite ones, which are looked at for nothing then.
    return math.isnan(sum(numbers))


def _finite(numbers: list[float]) -> list[Value]:
    return [number if math.isfinite(number) else None for number in numbers]


def _confidences(message: records_pb2.Predictions, rows: int) -> list[float] | None:
    packed = message.confidences
    if not packed:
        return None
    if len(packed) != rows * _DOUBLES.itemsize:
        raise InvalidInput(
            f"a report has {len(packed)} bytes of confidences for {rows} rows of doubles"
        )
    found: list[float] = np.frombuffer(packed, _DOUBLES).tolist()
    return found
