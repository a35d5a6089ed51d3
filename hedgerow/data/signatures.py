"""Checks records against the signatures of the models that will score them.

What depends on the layout of a batch alone is checked once a layout; what depends on its values is one
look at whole matrices: a record of thirteen finite numbers costs a dictionary look-up and one numpy call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hedgerow.data.blocks import MISSING_BOOLEAN
from hedgerow.data.records import Batch, Block, Kind, Layout
from hedgerow.errors import InvalidRecord
from hedgerow.v1.models_pb2 import Feature, Signature

_LAYOUTS_KEPT = 1024

_TAKES: dict[int, tuple[Kind, ...]] = {
    Feature.TYPE_UNSPECIFIED: (Kind.FLOAT, Kind.INTEGER),
    Feature.TYPE_DOUBLE: (Kind.FLOAT, Kind.INTEGER),
    Feature.TYPE_INTEGER: (Kind.FLOAT, Kind.INTEGER),
    Feature.TYPE_STRING: (Kind.TEXT,),
    Feature.TYPE_BOOLEAN: (Kind.BOOLEAN,),
}
_SAID: dict[int, str] = {
    Feature.TYPE_UNSPECIFIED: "a number",
    Feature.TYPE_DOUBLE: "a number",
    Feature.TYPE_INTEGER: "a whole number",
    Feature.TYPE_STRING: "text",
    Feature.TYPE_BOOLEAN: "true or false",
}
_SENT = {
    Kind.FLOAT: "a number",
    Kind.INTEGER: "a whole number",
    Kind.BOOLEAN: "true or false",
    Kind.TEXT: "text",
}


@dataclass(frozen=True)
class Needs:
    """What one model wants of a record. `model` is its reference (`wine-tree@1`)."""

    model: str
    signature: Signature


@dataclass(frozen=True, slots=True)
class _Fitted:
    """What is left to check of the values, for one layout."""

    required: dict[str, str]
    """Features that no value may be missing of, and the model that says so."""
    whole: dict[str, str]
    """Features that must be whole numbers, and the model that says so."""


class SignatureCheck:
    """Checks batches against the models of one plan."""

    def __init__(self, needs: Sequence[Needs]) -> None:
        self._needs = tuple(needs)
        self._known = {f.name for need in needs for f in need.signature.features}
        self._fitted: dict[Layout, _Fitted] = {}

    @property
    def types(self) -> dict[str, Feature.Type]:
        """The features that a model uses, in the order of the models, and what their values must be.

        Where models do not agree on one, no record can please both; it is the first one's.
        """
        types: dict[str, Feature.Type] = {}
        for need in self._needs:
            for feature in need.signature.features:
                if not feature.unused:
                    types.setdefault(feature.name, feature.type)
        return types

    def check(self, batch: Batch) -> None:
        """Raise InvalidRecord, naming model and feature, if a model could not score the batch."""
        if not self._needs:
            return
        fitted = self._fitted.get(batch.layout)
        if fitted is None:
            fitted = self._fit(batch.layout)
            if len(self._fitted) >= _LAYOUTS_KEPT:
                self._fitted.clear()
            self._fitted[batch.layout] = fitted
        for block in batch.blocks:
            _check_values(block, fitted)

    def _fit(self, layout: Layout) -> _Fitted:
        kinds = {name: kind for kind, names in layout for name in names}
        self._check_known(kinds)
        fitted = _Fitted({}, {})
        for need in self._needs:
            for feature in need.signature.features:
                self._fit_feature(need.model, feature, kinds, fitted)
        return fitted

    def _check_known(self, kinds: dict[str, Kind]) -> None:
        for name in kinds:
            if name not in self._known:
                models = ", ".join(need.model for need in self._needs)
                raise InvalidRecord.of_feature(
                    models, name, "is not one of the models' features; leave it out"
                )

    @staticmethod
    def _fit_feature(model: str, feature: Feature, kinds: dict[str, Kind], fitted: _Fitted) -> None:
        kind = kinds.get(feature.name)
        if feature.unused:
            return
        if kind is None:
            if not feature.may_be_missing:
                raise InvalidRecord.of_feature(model, feature.name, "is missing; send it")
            return
        if kind not in _TAKES[feature.type]:
            raise InvalidRecord.of_feature(
                model, feature.name, f"must be {_SAID[feature.type]}, and is {_SENT[kind]}"
            )
        if not feature.may_be_missing:
            fitted.required.setdefault(feature.name, model)
        if feature.type == Feature.TYPE_INTEGER and kind is Kind.FLOAT:
            fitted.whole.setdefault(feature.name, model)


def _check_values(block: Block, fitted: _Fitted) -> None:
    """Look at all values at once, and for the one that is wrong only if there is one."""
    if block.kind is Kind.FLOAT:
        if not np.isfinite(block.values).all():
            _refuse_not_finite(block, fitted)
        if fitted.whole:
            _check_whole(block, fitted)
    elif block.kind is Kind.BOOLEAN:
        _refuse_missing(block, block.values == MISSING_BOOLEAN, fitted)
    elif block.kind is Kind.TEXT:
        _refuse_missing(block, block.values == None, fitted)  # noqa: E711 - value by value


def _refuse_not_finite(block: Block, fitted: _Fitted) -> None:
    infinite = np.argwhere(np.isinf(block.values))
    if len(infinite):
        row, column = infinite[0]
        name = block.names[column]
        raise InvalidRecord(f"feature {name!r} of record {row} is infinite; send a finite number")
    _refuse_missing(block, np.isnan(block.values), fitted)


def _refuse_missing(block: Block, missing: npt.NDArray[np.bool_], fitted: _Fitted) -> None:
    for row, column in np.argwhere(missing):
        name = block.names[column]
        if name in fitted.required:
            raise InvalidRecord.of_feature(
                fitted.required[name],
                name,
                f"of record {row} is missing (or NaN), and the model does not say what to do then",
            )


def _check_whole(block: Block, fitted: _Fitted) -> None:
    for column, name in enumerate(block.names):
        if name not in fitted.whole:
            continue
        values = block.values[:, column]
        wrong = np.flatnonzero((values != np.floor(values)) & ~np.isnan(values))
        if len(wrong):
            raise InvalidRecord.of_feature(
                fitted.whole[name],
                name,
                f"of record {wrong[0]} must be a whole number, and is {values[wrong[0]]:g}",
            )
