"""PMML4S, as the rest of the format needs it: a document goes in, answers come out.

Importing this imports JPype, but starts nothing.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jpype
import numpy as np

from hedgerow.data.predictions import Labels, Values
from hedgerow.data.records import Batch, Kind, Value
from hedgerow.errors import InvalidModel
from hedgerow.formats.columns import Columns
from hedgerow.formats.pmml import jvm
from hedgerow.formats.pmml.cells import Cells
from hedgerow.formats.pmml.outputs import OutputField, Outputs
from hedgerow.formats.pmml.rows import Answers, RowScorer
from hedgerow.v1.models_pb2 import Feature, Signature

_EXAMPLES = 8
"""Valid values that are kept of a feature."""

_READ: dict[int, Callable[[str], Value]] = {
    Feature.TYPE_DOUBLE: float,
    Feature.TYPE_INTEGER: float,
    Feature.TYPE_STRING: str,
}


_KINDS: dict[int, str] = {
    Feature.TYPE_INTEGER: "w",
    Feature.TYPE_STRING: "t",
    Feature.TYPE_BOOLEAN: "b",
}


class PmmlEngine:
    """A loaded document.

    Making one raises InvalidModel if the engine does not load it; scoring raises RuntimeError where the
    engine fails on every row.
    """

    def __init__(self, document: str, signature: Signature) -> None:
        jvm.start(len(document))
        try:
            self._load(document, signature)
        except jpype.JException as exc:
            raise InvalidModel(f"the engine does not load the document: {_said(exc)}") from exc

    def _load(self, document: str, signature: Signature) -> None:
        model = faster(jpype.JClass("org.pmml4s.model.Model").fromString(document))
        if model.targetField() is None:
            raise InvalidModel("the engine finds no target; name it in the MiningSchema")
        classes = _classes(model, signature)
        self._outputs = Outputs(model, with_probability=classes is not None)
        # Asked for first: what the engine takes for input depends on the outputs it is to give.
        self._outputs.ask_for_answer()
        self._columns = Columns(_inputs(model, signature))
        self._numbers_only = all(_is_number(feature) for feature in self._columns.features)
        self._rows = RowScorer(model, classes)
        self._cells = Cells(self._columns.features, self._rows.learn)
        kinds = "".join(_KINDS.get(feature.type, "n") for feature in self._columns.features)
        self._kinds = jpype.JString(kinds)
        self.examples = _examples(model, self._columns.features)
        """Valid values of the features that the document lists such of."""

    def answers(self, batch: Batch) -> Answers:
        """Return an answer for each row."""
        try:
            if self._numbers_only and not _has_whole_numbers(batch):
                return self._rows.of_numbers(self._columns.matrix(batch))
            return self._any_types(batch)
        except jpype.JException as exc:
            if batch.rows == 1:
                raise _failure(exc) from exc
        try:
            return self._rows.one_by_one(self._columns.rows(batch))
        except jpype.JException as exc:
            raise _failure(exc) from exc

    def _any_types(self, batch: Batch) -> Answers:
        self._columns.check(batch)
        cells = self._cells.of(batch)
        if cells is None:
            return self._rows.of_objects(self._columns.rows(batch))
        return self._rows.of_cells(cells, self._kinds)

    def outputs(self, batch: Batch) -> dict[str, Values]:
        """Return the outputs that the document names; NaN and empty text for a row without."""
        self._outputs.ask_for_document()
        try:
            rows = self._rows.raw(self._columns.rows(batch))
        finally:
            self._outputs.ask_for_answer()
        fields = self._outputs.of_document
        return {
            field.name: _column(field, [row[place] if place < len(row) else None for row in rows])
            for place, field in enumerate(fields)
        }


def faster(model: Any) -> Any:
    """Return a model that answers the same to the last bit; ensembles of trees in a fifth of the time."""
    return jpype.JClass("hedgerow.Faster").of(model)


def _inputs(model: Any, signature: Signature) -> list[Feature]:
    """Return the features in the engine's order, which need not be the document's."""
    known = {feature.name: feature for feature in signature.features}
    names = [str(name) for name in model.inputNames()]
    strange = [name for name in names if name not in known]
    if strange:
        raise InvalidModel(f"the engine wants fields that the signature has not: {strange}")
    return [known[name] for name in names]


def _examples(model: Any, features: Sequence[Feature]) -> dict[str, list[Value]]:
    listed = {str(field.name()): field.validValues() for field in model.inputFields()}
    return {
        feature.name: [_READ[feature.type](str(value)) for value in values[:_EXAMPLES]]
        for feature in features
        if feature.type in _READ and (values := listed.get(feature.name, ()))
    }


def _classes(model: Any, signature: Signature) -> list[Any] | None:
    """Return the engine's own values of the classes: text, a number or a boolean."""
    if signature.prediction_type != Signature.PREDICTION_TYPE_CLASSIFICATION:
        return None
    target = model.targetField()
    return [target.toVal(text).toVal() for text in signature.classes]


def _is_number(feature: Feature) -> bool:
    """Whether a value can go to the engine as a double, NaN where it is missing."""
    whole = feature.type == Feature.TYPE_INTEGER and not feature.may_be_missing
    return whole or feature.type in (Feature.TYPE_UNSPECIFIED, Feature.TYPE_DOUBLE)


def _has_whole_numbers(batch: Batch) -> bool:
    """Whole numbers are sent as such when doubles would not hold them."""
    return any(block.kind is Kind.INTEGER for block in batch.blocks)


def _column(field: OutputField, cells: list[Any]) -> Values:
    if field.numeric:
        return np.array([np.nan if cell is None else float(cell) for cell in cells])
    return Labels.of(["" if cell is None else str(cell) for cell in cells])


def _failure(exc: Exception) -> RuntimeError:
    return RuntimeError(f"the PMML engine failed: {_said(exc)}")


def _said(exc: Exception) -> str:
    """What Java said, in one line and without the stack."""
    return " ".join(str(exc).split())
