"""Events and files for tests of the log and of what is folded from it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from hedgerow.references import parse_reference
from hedgerow.v1.events_pb2 import (
    AliasDeleted,
    AliasSet,
    ChangeAbandoned,
    ModelEvent,
    ModelPushed,
    VersionReported,
)
from hedgerow.v1.models_pb2 import (
    VERSION_STATE_LIVE,
    ExecutorReport,
    Metric,
    ModelDescriptor,
    ModelVersion,
    VersionName,
    VersionState,
)
from hedgerow.v1.plans_pb2 import Plan, PlanModel


def pushed(
    name: str,
    version: int = 1,
    *,
    data_type: str = "wine",
    metrics: Iterable[Metric] = (),
    data: bytes = b"x",
) -> ModelEvent:
    """A version with a definition of one chunk."""
    model = ModelVersion(
        descriptor=ModelDescriptor(
            data_type=data_type, name=name, model_type="stub", metrics=metrics
        ),
        version=version,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
    )
    return ModelEvent(pushed=ModelPushed(model=model, chunks=1))


def applied(revision: int, *names: str, data_type: str = "wine") -> ModelEvent:
    """A plan, of references such as `tree`, `tree@2` and `tree@champion`."""
    models = [PlanModel(**parse_reference(name)._asdict()) for name in names]
    return ModelEvent(plan_applied=Plan(data_type=data_type, models=models, revision=revision))


def reported(
    version: str,
    state: VersionState = VERSION_STATE_LIVE,
    executor: str = "a:1",
    reason: str = "",
) -> ModelEvent:
    """What an executor says of a version such as `tree@2`."""
    report = ExecutorReport(executor=executor, state=state, reason=reason)
    return ModelEvent(reported=VersionReported(model=named(version), report=report))


def alias_set(version: str, alias: str = "champion", rollback: bool = False) -> ModelEvent:
    """An alias points to a version."""
    return ModelEvent(alias_set=AliasSet(model=named(version), alias=alias, rollback=rollback))


def alias_deleted(name: str, alias: str = "champion") -> ModelEvent:
    """An alias is no more."""
    return ModelEvent(alias_deleted=AliasDeleted(name=name, alias=alias))


def abandoned(reference: str, version: int, reason: str = "no room") -> ModelEvent:
    """A change did not come up in time."""
    return ModelEvent(
        abandoned=ChangeAbandoned(reference=reference, version=version, reason=reason)
    )


def named(version: str) -> VersionName:
    """The name of a version such as `tree@2`."""
    reference = parse_reference(version)
    return VersionName(name=reference.name, version=reference.version)


def push_of(file: Path) -> ModelPushed:
    """A version whose definition is in a file and has yet to be stored."""
    data = file.read_bytes()
    model = pushed("tree", data=data).pushed.model
    return ModelPushed(model=model)
