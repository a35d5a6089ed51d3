"""What a model said about some rows, in the one shape that all models are brought to.

Each row has a value (a label or a number), a confidence (the probability of that label, where the model
gives one) and, where asked for, the model's raw outputs. A row may be absent: the model had no answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hedgerow.v1 import records_pb2 as pb

Floats = npt.NDArray[np.float64]
Indexes = npt.NDArray[np.uint32]

_DOUBLES = np.dtype("<f8")


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels as indexes [rows] into their texts."""

    classes: tuple[str, ...]
    indexes: Indexes

    def __len__(self) -> int:
        return len(self.indexes)

    def to_list(self) -> list[str]:
        """Return the label of each row."""
        return [self.classes[i] for i in self.indexes.tolist()]

    @classmethod
    def of(cls, texts: Sequence[str]) -> Labels:
        """Index the given labels, one a row."""
        place = {text: i for i, text in enumerate(dict.fromkeys(texts))}
        return cls(tuple(place), np.array([place[text] for text in texts], dtype=np.uint32))

    @classmethod
    def from_proto(cls, message: pb.Labels) -> Labels:
        """Read labels off the wire."""
        return cls(tuple(message.classes), np.array(message.indexes, dtype=np.uint32))

    def to_proto(self) -> pb.Labels:
        """Write labels for the wire."""
        return pb.Labels(classes=self.classes, indexes=self.indexes.tolist())


Values = Labels | Floats


@dataclass(frozen=True, slots=True)
class Predictions:
    """Predictions of one model for `len(values)` rows.

    `values` are labels or a float64 array [rows]. `confidences` is float64 [rows], NaN where there is
    none, or None if the model gives none at all. `absent` are the rows, ascending, without an answer.
    `outputs` are the raw outputs by name, each labels or float64 [rows].
    """

    values: Values
    confidences: Floats | None = None
    absent: tuple[int, ...] = ()
    outputs: Mapping[str, Values] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """How many rows were scored."""
        return len(self.values)

    @classmethod
    def from_proto(cls, message: pb.Predictions) -> Predictions:
        """Read predictions off the wire."""
        values: Values = (
            Labels.from_proto(message.labels)
            if message.HasField("labels")
            else np.frombuffer(message.numbers, _DOUBLES)
        )
        confidences = message.confidences
        return cls(
            values,
            np.frombuffer(confidences, _DOUBLES) if confidences else None,
            tuple(message.absent),
            {output.name: _output_values(output) for output in message.outputs},
        )

    def to_proto(self) -> pb.Predictions:
        """Write predictions for the wire."""
        message = pb.Predictions(
            absent=self.absent,
            outputs=[_output(name, values) for name, values in self.outputs.items()],
        )
        if isinstance(self.values, Labels):
            message.labels.CopyFrom(self.values.to_proto())
        else:
            message.numbers = self.values.astype(_DOUBLES, copy=False).tobytes()
        if self.confidences is not None:
            message.confidences = self.confidences.astype(_DOUBLES, copy=False).tobytes()
        return message

    def rows_of(self, start: int, stop: int) -> Predictions:
        """Return the rows from `start` up to `stop`."""
        confidences = self.confidences
        return Predictions(
            _slice(self.values, start, stop),
            None if confidences is None else confidences[start:stop],
            tuple(row - start for row in self.absent if start <= row < stop),
            {name: _slice(values, start, stop) for name, values in self.outputs.items()},
        )

    def take(self, rows: npt.NDArray[np.int64]) -> Predictions:
        """Return some of the rows; `rows` are their places, ascending."""
        place = {row: i for i, row in enumerate(rows.tolist())} if self.absent else {}
        confidences = self.confidences
        return Predictions(
            _take(self.values, rows),
            None if confidences is None else confidences[rows],
            tuple(place[row] for row in self.absent if row in place),
            {name: _take(values, rows) for name, values in self.outputs.items()},
        )

    def spread(self, records: Sequence[int], size: int) -> Predictions:
        """Lay the rows out over `size` records, of which `records` are theirs; the others are absent."""
        places = np.asarray(records, np.int64)
        missing = set(range(size)) - set(records) | {records[row] for row in self.absent}
        confidences = None
        if self.confidences is not None:
            confidences = np.full(size, np.nan)
            confidences[places] = self.confidences
        return Predictions(
            _spread(self.values, places, size),
            confidences,
            tuple(sorted(missing)),
            {name: _spread(values, places, size) for name, values in self.outputs.items()},
        )


def _spread(values: Values, places: npt.NDArray[np.int64], size: int) -> Values:
    if isinstance(values, Labels):
        indexes = np.zeros(size, np.uint32)
        indexes[places] = values.indexes
        return Labels(values.classes, indexes)
    column = np.full(size, np.nan)
    column[places] = values
    return column


def _take(values: Values, rows: npt.NDArray[np.int64]) -> Values:
    if isinstance(values, Labels):
        return Labels(values.classes, values.indexes[rows])
    return values[rows]


def _slice(values: Values, start: int, stop: int) -> Values:
    if isinstance(values, Labels):
        return Labels(values.classes, values.indexes[start:stop])
    return values[start:stop]


def _output(name: str, values: Values) -> pb.Output:
    if isinstance(values, Labels):
        return pb.Output(name=name, labels=values.to_proto())
    return pb.Output(name=name, numbers=values.astype(_DOUBLES, copy=False).tobytes())


def _output_values(output: pb.Output) -> Values:
    if output.HasField("labels"):
        return Labels.from_proto(output.labels)
    return np.frombuffer(output.numbers, _DOUBLES)
