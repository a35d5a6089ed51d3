"""The models of the bench: those of examples/wine, and constant ones."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bench.payload import DATA_TYPE, WINE, records
from hedgerow.client.registry import Description
from hedgerow.formats import Model
from hedgerow.formats.factories import factory_of
from hedgerow.v1.models_pb2 import Feature, Metric, ModelDescriptor, Signature


@dataclass(frozen=True, slots=True)
class BenchModel:
    """A model as it is pushed."""

    name: str
    model_type: str
    definition: Path | bytes
    description: str = ""
    metrics: tuple[Metric, ...] = (Metric(name="accuracy", value=0.5),)
    features: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    input: str = ""
    output: str = ""

    def said(self, description: str = "") -> Description:
        """Return what is said of it when it is pushed."""
        return Description(
            data_type=DATA_TYPE,
            name=self.name,
            model_type=self.model_type,
            description=description or self.description,
            metrics=self.metrics,
            features=self.features,
            classes=self.classes,
            input=self.input,
            output=self.output,
        )

    def descriptor(self) -> ModelDescriptor:
        """Return the same for those who load it without a registry."""
        signature = Signature(
            features=[Feature(name=name) for name in self.features],
            classes=self.classes,
            input=self.input,
            output=self.output,
        )
        return ModelDescriptor(
            data_type=DATA_TYPE, name=self.name, model_type=self.model_type, signature=signature
        )


@cache
def load_wine_model(name: str) -> Model:
    """Load the first version of a model of the example into this process."""
    known = wine_model(name)
    assert isinstance(known.definition, Path)
    descriptor, factory = known.descriptor(), factory_of(known.model_type)
    descriptor.signature.CopyFrom(factory.inspect(descriptor, known.definition))
    return factory.create(descriptor, known.definition)


def wine_model(name: str) -> BenchModel:
    """Return the first version of a model of the example."""
    return _wine_models()[name]


def constant(
    name: str,
    value: str,
    delay_seconds: float = 0.0,
    slow_every: int = 0,
    slow_seconds: float = 0.0,
) -> BenchModel:
    """Return a model that always says `value`, after a delay (format `constant` of tests/plugins).

    One call in `slow_every` takes `slow_seconds` more.
    """
    definition = {
        "value": value,
        "confidence": 0.9,
        "features": list(records()[0]),
        "classes": ["0", "1", "2"],
        "delay_seconds": delay_seconds,
        "slow_every": slow_every,
        "slow_seconds": slow_seconds,
    }
    return BenchModel(name, "constant", json.dumps(definition).encode())


@cache
def _wine_models() -> dict[str, BenchModel]:
    content = yaml.safe_load((WINE / "models.yaml").read_text(encoding="utf-8"))
    return {entry["name"]: _model(entry) for entry in content["models"]}


def _model(entry: dict[str, Any]) -> BenchModel:
    return BenchModel(
        name=entry["name"],
        model_type=entry["type"],
        definition=WINE / entry["file"],
        description=entry["description"],
        metrics=tuple(
            Metric(name=name, value=value, data_set=entry["data_set"])
            for name, value in entry["metrics"].items()
        ),
        features=tuple(entry.get("features", ())),
        classes=tuple(entry.get("classes", ())),
        input=entry.get("input", ""),
        output=entry.get("output", ""),
    )
