"""A frame of results as it came from a host, read once into what deciding needs.

Most frames hold many tasks of one record each, so the columns become plain lists: looking one value up in
a list costs a fiftieth of doing so in an array. The arrays, for large batches, are made when asked for.
"""

from __future__ import annotations

import math

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
        """What the reports on this model in decisions begin with."""
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

    def said(self, start: int, stop: int) -> records_pb2.Predictions:
        """Return what the model said about some rows, raw outputs included, for the wire."""
        return Predictions.from_proto(self._message.predictions).rows_of(start, stop).to_proto()


Result = tuple[int, int, float, str]
"""What a frame says of one task: its id, its rows, seconds it waited in the host, why it failed (or "")."""

Part = tuple[Report, int, float]
"""A task's answer: the frame, the task's first row in it, seconds it waited in the host."""


def _encoded(counts: Counts, scoring: float) -> bytes:
    message = ModelReport(name=counts.name, version=counts.version, state=MODEL_STATE_ANSWERED)
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
