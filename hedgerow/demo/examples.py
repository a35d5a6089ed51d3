"""What the demo shows: the models, records and plans of `examples/wine/`."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import hedgerow
from hedgerow.client.registry import Description
from hedgerow.errors import InvalidInput
from hedgerow.plans.plan import plan_from_yaml
from hedgerow.v1.models_pb2 import Metric
from hedgerow.v1.plans_pb2 import Plan

DATA_TYPE = "wine"

_FILES = ("models.yaml", "records.csv", "truth.csv", "wine.yaml")


@dataclass(frozen=True, slots=True)
class ExampleModel:
    """A model's file and what is said of it."""

    file: Path
    description: Description
    accuracy: float
    """Share of the held-out records that it was right of when it was made."""

    @property
    def name(self) -> str:
        """The model's name."""
        return self.description["name"]


@dataclass(frozen=True, slots=True)
class Examples:
    """The folder's content. `truth` has the class of each record."""

    folder: Path
    models: Sequence[ExampleModel]
    updates: Sequence[ExampleModel]
    records: Sequence[Mapping[str, float]]
    truth: Sequence[str]

    def plan(self, name: str) -> Plan:
        """Return the plan of a file (`timeout.yaml`)."""
        return plan_from_yaml((self.folder / name).read_text(encoding="utf-8"))

    def update_of(self, name: str) -> ExampleModel:
        """Return the second version of a model."""
        return next(model for model in self.updates if model.name == name)


def load_examples(folder: Path | None) -> Examples:
    """Read the given folder, or the repository's. Raises InvalidInput if it is not there."""
    found = folder or _find()
    missing = [name for name in _FILES if not (found / name).is_file()]
    if missing:
        raise InvalidInput(
            f"{found} has no {' and no '.join(missing)}; give the folder examples/wine of"
            " hedgerow's repository with --examples"
        )
    document = yaml.safe_load((found / "models.yaml").read_text(encoding="utf-8"))
    return Examples(
        folder=found,
        models=[_model(found, entry) for entry in document["models"]],
        updates=[_model(found, entry) for entry in document["updates"]],
        records=[{k: float(v) for k, v in row.items()} for row in _rows(found / "records.csv")],
        truth=[row["class"] for row in _rows(found / "truth.csv")],
    )


def _find() -> Path:
    """The repository's folder, seen from the package or from where the user is."""
    inside = Path("examples") / DATA_TYPE
    beside = Path(hedgerow.__file__).resolve().parents[1] / inside
    return beside if beside.is_dir() else Path.cwd() / inside


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _model(folder: Path, entry: Mapping[str, Any]) -> ExampleModel:
    description = Description(
        data_type=DATA_TYPE,
        name=entry["name"],
        model_type=entry["type"],
        description=entry["description"],
        metrics=[
            Metric(name=name, value=value, data_set=entry["data_set"])
            for name, value in entry["metrics"].items()
        ],
        features=entry.get("features", ()),
        classes=entry.get("classes", ()),
        input=entry.get("input", ""),
        output=entry.get("output", ""),
    )
    return ExampleModel(folder / entry["file"], description, entry["metrics"]["accuracy"])
