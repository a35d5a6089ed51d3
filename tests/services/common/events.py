"""Events and files for tests of the log and of what is folded from it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from hedgerow.v1.models_pb2 import ModelDescriptor, ModelEvent, ModelPushed, ModelVersion
from hedgerow.v1.plans_pb2 import Plan, PlanModel


def pushed(
    name: str,
    version: int = 1,
    *,
    data_type: str = "wine",
    quality: float | None = None,
    data: bytes = b"x",
) -> ModelEvent:
    """A version with a small definition."""
    model = ModelVersion(
        descriptor=ModelDescriptor(
            data_type=data_type, name=name, model_type="stub", quality=quality
        ),
        version=version,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
    )
    return ModelEvent(pushed=ModelPushed(model=model, inline=data))


def applied(revision: int, *names: str, data_type: str = "wine") -> ModelEvent:
    """A plan."""
    models = [PlanModel(name=name) for name in names]
    return ModelEvent(plan_applied=Plan(data_type=data_type, models=models, revision=revision))


def push_of(file: Path) -> ModelPushed:
    """A version whose definition is in a file and has yet to be stored."""
    data = file.read_bytes()
    model = pushed("tree", data=data).pushed.model
    return ModelPushed(model=model)
