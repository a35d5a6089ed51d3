"""What is scored, and what each answer must be.

Of `numbers` every record has a number of its own, and each version of each model adds another small one:
an answer tells who computed it. Of `wine` the models are those of examples/wine, and what each must say
was computed beside the mesh. Both get new versions while records flow; those of wine are of other bytes
that say the same.
"""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from dataclasses import dataclass, field

from bench.models import BenchModel, wine_model
from hedgerow.client.registry import AsyncRegistry
from hedgerow.v1.models_pb2 import ModelVersion

NUMBERS = "numbers"
WINE = "wine"
ORDERED = "ordered"
"""Like `numbers`, with one model: its records come by a stream alone, and keep the order of their keys."""
_NUMBERS = ("one", "two", "three")
_ORDERED = "echo"
_WINE = ("wine-tree", "wine-logistic", "wine-net")
_STEP = 2.0**-12
"""Between what two versions add: exact in binary, and thousands of them fit into a consensus."""
_DELAY_SECONDS = 0.01
"""Without it most faults would come at a moment when every record happens to be answered."""

Model = tuple[str, str]
"""Data type and name."""


@dataclass
class Models:
    """All models, their versions, and what those must answer."""

    with_wine: bool
    newest: dict[Model, int] = field(default_factory=dict)
    """What the registry has acknowledged."""
    labels: dict[str, list[str]] = field(default_factory=dict)
    """What each model of `wine` must say of each record."""
    _pushes: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _adds: dict[tuple[str, int], float] = field(default_factory=dict)

    @property
    def names(self) -> list[Model]:
        """Return all models."""
        wine = _WINE if self.with_wine else ()
        numbers = [(NUMBERS, name) for name in _NUMBERS]
        return [*numbers, (ORDERED, _ORDERED), *((WINE, name) for name in wine)]

    def next_push(self, model: Model) -> Push:
        """Return a new version of a model, to be sent until the registry has it."""
        return Push(model, next(self._pushes))

    def pushed(self, push: Push, version: ModelVersion) -> None:
        """The registry has acknowledged it."""
        number = version.version
        self.newest[push.model] = max(number, self.newest.get(push.model, 0))
        self.learn(version)

    def learn(self, version: ModelVersion) -> None:
        """Take from the registry what a version is, also where it never could acknowledge it."""
        if version.descriptor.data_type != WINE:
            number = int(version.descriptor.description)
            self._adds[version.descriptor.name, version.version] = number * _STEP

    def added(self, name: str, version: int) -> float | None:
        """Return what a version of a model of `numbers` or `ordered` adds; None where that is not known."""
        return self._adds.get((name, version))


@dataclass(frozen=True, slots=True)
class Push:
    """One push."""

    model: Model
    number: int

    async def send(self, registry: AsyncRegistry) -> ModelVersion:
        """Send it, once more if need be. Raises HedgerowError."""
        data_type, name = self.model
        if data_type != WINE:
            pushed = await registry.push_model(
                _definition(self.number),
                data_type=data_type,
                name=name,
                model_type="constant",
                description=str(self.number),
                metrics={"accuracy": 0.5},
            )
        else:
            model = wine_model(name)
            said = model.said(f"push {self.number}")
            pushed = await registry.push_model(_other_bytes(model, self.number), **said)
        return pushed.model


def _definition(number: int) -> bytes:
    said = {"features": ["a", "b"], "answer_feature": "a", "delay_seconds": _DELAY_SECONDS}
    return json.dumps({**said, "add": number * _STEP}).encode()


def _other_bytes(model: BenchModel, number: int) -> bytes:
    """Return a definition of other bytes that says the same."""
    assert not isinstance(model.definition, bytes)
    content = model.definition.read_bytes()
    if model.model_type == "pmml":
        return content + b"<!-- push %d -->\n" % number
    archive = io.BytesIO(content)
    with zipfile.ZipFile(archive, "a") as file:
        file.comment = b"push %d" % number
    return archive.getvalue()
