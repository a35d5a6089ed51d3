"""Takes from a batch what a model wants of it, in the model's order and types.

A feature that may be missing may also be missing as a whole: a batch need not have its column.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hedgerow.data.records import Batch, Matrix, Value
from hedgerow.errors import InvalidRecord
from hedgerow.v1.models_pb2 import Feature

_CONVERT: dict[int, Callable[[Any], Value]] = {
    Feature.TYPE_UNSPECIFIED: float,
    Feature.TYPE_DOUBLE: float,
    Feature.TYPE_INTEGER: int,
    Feature.TYPE_STRING: str,
    Feature.TYPE_BOOLEAN: bool,
}


class Columns:
    """The features that a model uses.

    All methods raise InvalidRecord if the batch lacks a feature that may not be missing.
    """

    def __init__(self, features: Sequence[Feature]) -> None:
        self.features = tuple(features)
        self._names = tuple(feature.name for feature in features)

    def matrix(self, batch: Batch, dtype: npt.DTypeLike = np.float64) -> Matrix:
        """Return numeric features as a matrix [rows, features] of `dtype`, NaN where missing.

        Raises InvalidRecord if one is text.
        """
        try:
            return batch.numbers(self._names, dtype)
        except KeyError:
            present = self._present(batch)
        except ValueError as exc:
            raise InvalidRecord(str(exc)) from exc
        matrix = np.full((batch.rows, len(self._names)), np.nan, dtype)
        places = [place for place, name in enumerate(self._names) if name in present]
        matrix[:, places] = batch.numbers([self._names[place] for place in places], dtype)
        return matrix

    def rows(self, batch: Batch) -> list[tuple[Value, ...]]:
        """Return a tuple of Python values a row, each of its feature's type or None where missing."""
        present = self._present(batch)
        columns = [
            _column(batch, feature) if feature.name in present else [None] * batch.rows
            for feature in self.features
        ]
        return list(zip(*columns, strict=True))

    def check(self, batch: Batch) -> None:
        """Raise InvalidRecord if the batch lacks a feature that may not be missing."""
        self._present(batch)

    def _present(self, batch: Batch) -> set[str]:
        present = set(batch.features)
        for feature in self.features:
            if feature.name not in present and not feature.may_be_missing:
                raise InvalidRecord(f"feature {feature.name!r} is missing; send it")
        return present


def _column(batch: Batch, feature: Feature) -> list[Value]:
    convert = _CONVERT[feature.type]
    return [None if cell is None else convert(cell) for cell in batch.column(feature.name)]
