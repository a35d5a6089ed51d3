"""Writes values of any type as doubles, so that a batch of them reaches Java as one array.

A Python list turned into Java objects takes a microsecond or more a value. Most values fit into a double: a
whole number up to 2**53, a boolean, and a text as its place in a table that both sides have. Batches with
others go the slow way.
"""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from hedgerow.data.blocks import MISSING_BOOLEAN, Block, Kind, Matrix
from hedgerow.data.records import Batch, Layout
from hedgerow.v1.models_pb2 import Feature

_LAYOUTS_KEPT = 64
_TEXTS_KEPT = 4096
"""Texts may be anything that clients send, so the table begins anew when it has so many."""

_BEYOND = 2.0**53
"""From here on a whole number may be another one as a double."""

_Source = tuple[int, int, int]
"""The place of a feature among the model's, its block, and its column there."""


class Cells:
    """Encodes batches for a model with these features; `learn` tells Java the whole table of texts."""

    def __init__(
        self, features: Sequence[Feature], learn: Callable[[Sequence[str]], object]
    ) -> None:
        self._types = tuple(feature.type for feature in features)
        self._places = {feature.name: place for place, feature in enumerate(features)}
        self._learn = learn
        self._sources: dict[Layout, tuple[_Source, ...]] = {}
        self._texts: dict[str, int] = {}
        self._learnt = 0

    def of(self, batch: Batch) -> npt.NDArray[np.float64] | None:
        """Return a matrix [rows, features], NaN where a value is missing; None if doubles do not do."""
        if len(self._texts) > _TEXTS_KEPT:
            self._texts.clear()
            self._learnt = 0
        cells = np.full((batch.rows, len(self._types)), np.nan)
        for place, index, column in self._sources_of(batch):
            block = batch.blocks[index]
            encoded = self._column(self._types[place], block, block.values[:, column])
            if encoded is None:
                return None
            cells[:, place] = encoded
        if len(self._texts) != self._learnt:
            self._learn(list(self._texts))
            self._learnt = len(self._texts)
        return cells

    def _sources_of(self, batch: Batch) -> tuple[_Source, ...]:
        found = self._sources.get(batch.layout)
        if found is None:
            found = tuple(
                (self._places[name], index, column)
                for index, (_, names) in enumerate(batch.layout)
                for column, name in enumerate(names)
                if name in self._places
            )
            if len(self._sources) >= _LAYOUTS_KEPT:
                self._sources.clear()
            self._sources[batch.layout] = found
        return found

    def _column(self, wanted: Feature.Type, block: Block, values: Matrix) -> Matrix | None:
        if block.kind is Kind.TEXT:
            return self._codes(values) if wanted == Feature.TYPE_STRING else None
        if wanted == Feature.TYPE_STRING:
            return None
        if block.kind is Kind.BOOLEAN:
            return np.where(values == MISSING_BOOLEAN, np.nan, values)
        if block.kind is Kind.INTEGER or wanted == Feature.TYPE_INTEGER:
            return None if ((values >= _BEYOND) | (values <= -_BEYOND)).any() else values
        return values

    def _codes(self, values: Matrix) -> Matrix:
        texts = self._texts
        codes = [
            np.nan if text is None else texts.setdefault(text, len(texts))
            for text in values.tolist()
        ]
        return np.array(codes, np.float64)
