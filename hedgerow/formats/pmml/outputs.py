"""Which outputs the engine gives for a row.

A document may name any outputs, or none, and the predicted label need not be among them. For scoring, the
engine is asked for the predicted value only, and in a classification the probability of just that value.
Who gives the outputs of an ensemble depends on how its segments are joined; that is settled here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jpype

from hedgerow.errors import InvalidModel


@dataclass(frozen=True)
class OutputField:
    """One of the outputs that the document itself names."""

    name: str
    numeric: bool


class Outputs:
    """The outputs of a loaded model of the engine. At first those of the document."""

    def __init__(self, model: Any, *, with_probability: bool) -> None:
        self._sources = list(_sources(model))
        java = jpype.JClass("org.pmml4s.metadata.OutputField")
        self.of_document = [
            OutputField(str(field.name()), bool(field.dataType().isNumeric()))
            for field in self._sources[0].outputFields()
        ]
        fields = [java.predictedValue(model.targetField())]
        if with_probability:
            fields.append(java.probability(None))
        self._answer = jpype.JArray(java)(fields)
        self._nothing_else = jpype.JArray(java)(0)

    def ask_for_answer(self) -> None:
        """Have the engine give the predicted value (and its probability)."""
        self._set(self._answer)

    def ask_for_document(self) -> None:
        """Have the engine give what the document names."""
        self._set(self._nothing_else)

    def _set(self, fields: Any) -> None:
        for model in self._sources:
            model.setOutputFields(fields)


def _sources(model: Any) -> Iterator[Any]:
    """Yield the models that may give the outputs of a row."""
    method = _method(model)
    if method == "selectFirst":
        for segment in model.segmentation().get().segments():
            yield from _sources(segment.model())
    elif method == "modelChain" and model.output().isEmpty():
        yield from _sources(_last(model))
    else:
        yield model


def _method(model: Any) -> str:
    """How the segments of an ensemble are joined; empty for every other model."""
    if str(model.modelElement().toString()) != "MiningModel":
        return ""
    return str(model.segmentation().get().multipleModelMethod().toString())


def _last(model: Any) -> Any:
    segment = model.segmentation().get().segments()[-1]
    if not segment.isTrue():
        raise InvalidModel(
            "the last segment of a modelChain has a condition; make it <True/>, or name the model's"
            " outputs in an Output of the MiningModel"
        )
    return segment.model()
