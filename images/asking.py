"""What a user does, by the image of the command line: push, apply a plan, score."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from hedgerow.demo.examples import ExampleModel
from hedgerow.local.ports import Ports
from images.building import ROOT, name_of
from images.containers import run_once
from images.engines import Engine

EXAMPLES = ROOT / "examples" / "wine"


class Asking:
    """The image `cli`, in a folder with the models, the records and plans of ours."""

    def __init__(
        self, engine: Engine, tag: str, options: Sequence[str], ports: Ports, folder: Path
    ) -> None:
        self._engine = engine
        self._image = name_of("cli", tag)
        self._options = options
        self._folder = folder
        self._addresses = {
            "HEDGEROW_ROUTER": ports.address("router"),
            "HEDGEROW_REGISTRY": ports.address("registry"),
        }
        for file in EXAMPLES.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        folder.chmod(0o755)  # the image's user is not who made it

    def push(self, models: Sequence[ExampleModel]) -> None:
        """Push models."""
        for model in models:
            self._cli("models", "push", model.file.name, *_said_of(model))

    def score(self, plan: str) -> list[dict[str, str]]:
        """Put a plan into force, and return its answer to each record."""
        (self._folder / "plan.yaml").write_text(plan)
        self._cli("plan", "apply", "plan.yaml", "--wait")
        return list(csv.DictReader(io.StringIO(self._cli("score", "wine", "records.csv"))))

    def _cli(self, *arguments: str) -> str:
        return run_once(
            self._engine, self._image, arguments, self._folder, self._addresses, self._options
        )


def _said_of(model: ExampleModel) -> Iterator[str]:
    for name, value in model.description.items():
        if value:
            text = ",".join(value) if isinstance(value, list | tuple) else str(value)
            yield from (f"--{name.replace('model_type', 'type').replace('_', '-')}", text)
