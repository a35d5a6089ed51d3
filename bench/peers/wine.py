"""The three models and their vote, as every peer has them inside.

All use hedgerow's own PMML engine, with one call into Java for a batch and model: what is compared is how
models are served, not who reads PMML. The engine needs nothing of the mesh.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.payload import DATA_TYPE, WINE, records
from hedgerow.data.predictions import Labels
from hedgerow.data.records import Batch, Block, Kind
from hedgerow.formats.pmml.model import PmmlFactory
from hedgerow.v1.models_pb2 import ModelDescriptor

MODELS = ("wine-tree", "wine-logistic", "wine-boosting")
CLASSES = ("0", "1", "2")
FEATURES = tuple(records()[0])

_WORTH_A_THREAD = 32
"""Records; fewer are scored before another thread would have begun."""

Array = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Said:
    """What a model, or the vote, says of some records."""

    labels: Array
    """Places among `CLASSES`, [rows] of int64."""
    confidences: Array
    """[rows] of float64."""


class Scorer:
    """One of the models."""

    def __init__(self, name: str) -> None:
        factory, definition = PmmlFactory(), WINE / f"{name}.pmml"
        descriptor = ModelDescriptor(data_type=DATA_TYPE, name=name, model_type="pmml")
        descriptor.signature.CopyFrom(factory.inspect(descriptor, definition))
        self._model = factory.create(descriptor, definition)

    def __call__(self, batch: Batch) -> Said:
        """Score a batch."""
        predictions = self._model.score(batch)
        assert isinstance(predictions.values, Labels)
        assert predictions.values.classes == CLASSES
        assert predictions.confidences is not None
        return Said(predictions.values.indexes.astype(np.int64), predictions.confidences)


@dataclass(frozen=True, slots=True)
class Vote:
    """What most of three models say of each record; where all differ, what the surest says."""

    said: Said
    winners: Array
    """The place of the model that answers, the first of those who agree, [rows] of int64."""

    @classmethod
    def of(cls, models: Sequence[Said]) -> Vote:
        """Take the vote."""
        first, second, third = [model.labels for model in models]
        winners = ((second == third) & (first != second)).astype(np.int64)
        differ = (first != second) & (first != third) & (second != third)
        confidences = np.stack([model.confidences for model in models])
        if differ.any():
            winners[differ] = confidences[:, differ].argmax(axis=0)
        rows = np.arange(len(winners))
        labels = np.stack([first, second, third])
        return cls(Said(labels[winners, rows], confidences[winners, rows]), winners)


class Ensemble:
    """All three models in this process. Large batches are scored in threads: Java leaves Python alone."""

    def __init__(self) -> None:
        self._scorers = [Scorer(name) for name in MODELS]
        self._threads = ThreadPoolExecutor(os.cpu_count(), "scores")
        settle()

    async def vote(self, batch: Batch) -> Vote:
        """Score a batch with all models."""
        if batch.rows < _WORTH_A_THREAD:
            return self.vote_here(batch)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self.vote_here, batch)

    def vote_here(self, batch: Batch) -> Vote:
        """Score a batch with all models in the thread of the caller."""
        return Vote.of([scorer(batch) for scorer in self._scorers])


def batch_of(matrix: Array) -> Batch:
    """Return records that are rows of a matrix, in the order of `FEATURES`."""
    return Batch(DATA_TYPE, len(matrix), [Block(Kind.FLOAT, FEATURES, matrix)])


def settle() -> None:
    """Keep Python's collector away from what has been loaded and stays."""
    gc.collect()
    gc.freeze()
