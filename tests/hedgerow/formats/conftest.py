"""Real models: those of the wine example, and small documents written by hand."""

from __future__ import annotations

import csv
import faulthandler
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import yaml

from hedgerow.data.records import Batch
from hedgerow.formats import Model
from hedgerow.formats.factories import factory_of
from hedgerow.v1.models_pb2 import ModelDescriptor, Signature
from tests.hedgerow.formats.samples import descriptor

WINE = Path(__file__).parents[3] / "examples" / "wine"
DOCUMENTS = Path(__file__).parents[2] / "testdata" / "models"


@pytest.fixture(scope="session", autouse=True)
def java_handles_its_own_faults() -> None:
    """Let Java have the signal for invalid memory access, which it lives by.

    pytest's fault handler takes it before Java starts, and at the end gives it back to whoever had it
    before, which was not Java: the next check of a null pointer in Java then ends the process.
    """
    faulthandler.disable()


@pytest.fixture(scope="session")
def wine() -> Batch:
    """The 60 wines that no model was trained with."""
    with (WINE / "records.csv").open() as file:
        records = [
            {name: float(value) for name, value in row.items()} for row in csv.DictReader(file)
        ]
    return Batch.from_records("wine", records)


@pytest.fixture(scope="session")
def wine_classes() -> list[str]:
    """What those wines are."""
    with (WINE / "truth.csv").open() as file:
        return [row["class"] for row in csv.DictReader(file)]


@pytest.fixture(scope="session")
def load_wine_model() -> Callable[[str], Model]:
    """Load a model of the example by the name of its file."""

    @cache
    def load(file: str) -> Model:
        return load_model(WINE / file, wine_descriptor(file))

    return load


@pytest.fixture(scope="session")
def load_document() -> Callable[[str], Model]:
    """Load a PMML document that was written by hand."""

    @cache
    def load(file: str) -> Model:
        return load_model(DOCUMENTS / file, descriptor("pmml"))

    return load


def wine_descriptor(file: str) -> ModelDescriptor:
    index = yaml.safe_load((WINE / "models.yaml").read_text())
    (entry,) = [e for e in index["models"] + index["updates"] if e["file"] == file]
    said = descriptor(entry["type"], entry.get("features", ()), entry.get("classes", ()))
    said.data_type, said.name = "wine", entry["name"]
    said.signature.input, said.signature.output = entry.get("input", ""), entry.get("output", "")
    return said


def load_model(definition: Path, said: ModelDescriptor) -> Model:
    """Do with a definition what the registry and a host do."""
    factory = factory_of(said.model_type)
    signature: Signature = factory.inspect(said, definition)
    said.signature.CopyFrom(signature)
    return factory.create(said, definition)
