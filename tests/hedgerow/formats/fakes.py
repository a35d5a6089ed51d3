"""A model whose answers are a function of the batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hedgerow.data.predictions import Predictions
from hedgerow.data.records import Batch
from hedgerow.formats import Model
from hedgerow.v1.models_pb2 import Feature, ModelDescriptor, Signature

A = Feature(name="a")


class Fake(Model):
    """Remembers what it was asked to score. Without `answer`, the answer is the sum of all numbers."""

    model_type = "fake"

    def __init__(
        self,
        answer: Callable[[Batch], Any] | None = None,
        features: Sequence[Feature] = (A,),
        seconds: float = 0.0,
    ) -> None:
        super().__init__(ModelDescriptor(signature=Signature(features=features)), Path("none"))
        self.batches: list[Batch] = []
        self.warm_up_seconds = seconds
        self._answer = answer or total

    def score(self, batch: Batch, *, explain: bool = False) -> Predictions:
        self.batches.append(batch)
        found: Predictions = self._answer(batch)
        return found


def total(batch: Batch) -> Predictions:
    """Add up the numbers of each record; a record without one has no answer."""
    rows = [
        [v for v in record.values() if isinstance(v, int | float)] for record in batch.to_records()
    ]
    values = np.array([float(sum(row)) for row in rows])
    return Predictions(values, None, tuple(i for i, row in enumerate(rows) if not row))


def only_in_batches(batch: Batch) -> Predictions:
    """As a tf.squeeze has it: the dimension of the records goes, if there is one record."""
    if batch.rows == 1:
        raise RuntimeError("no dimension of records")
    return total(batch)


def only_alone(batch: Batch) -> Predictions:
    """As a graph that was made for one record."""
    if batch.rows > 1:
        raise RuntimeError("one at a time")
    return total(batch)
