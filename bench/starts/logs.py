"""Logs to start on, written without a registry: it would take minutes to push them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from redis import Redis

from hedgerow.v1.events_pb2 import ModelEvent, ModelPushed, VersionReported
from hedgerow.v1.models_pb2 import (
    VERSION_STATE_LIVE,
    VERSION_STATE_LOADING,
    ExecutorReport,
    Feature,
    Metric,
    ModelDescriptor,
    ModelVersion,
    Signature,
    VersionName,
)
from services.common.log.keys import SINGLE

FEATURES = 11
"""That each model wants: `feature-0` and so on."""
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Shape:
    """What is in a log."""

    data_types: int
    models: int
    """Of each data type."""
    versions: int
    """Of each model."""
    reports: int = 0
    """Events beyond the pushes, of all data types together: an executor says how versions are."""

    @property
    def events(self) -> int:
        return self.data_types * self.models * self.versions + self.reports


def write(url: str, shape: Shape) -> None:
    """Empty the log and write it."""
    with Redis.from_url(url) as redis:
        redis.flushall()
        last: dict[str, bytes] = {}
        for number in range(shape.data_types):
            redis.xadd(SINGLE.data_types, {"data_type": f"type-{number}"})
        for part in _parts(events(shape)):
            pipeline = redis.pipeline(transaction=False)
            for data_type, event in part:
                before = last.get(data_type, b"0-0")
                sequence = int(before.partition(b"-")[2]) + 1
                last[data_type] = b"1700000000000-%d" % sequence
                fields = {"event": event.SerializeToString(), "prev": before}
                pipeline.xadd(SINGLE.models(data_type), fields, id=last[data_type])
            pipeline.execute()


def events(shape: Shape) -> Iterator[tuple[str, ModelEvent]]:
    """Yield what is in a log of a shape, with the data type of each."""
    pushes = (
        (data_type, name, version)
        for version in range(1, shape.versions + 1)
        for data_type in range(shape.data_types)
        for name in range(shape.models)
    )
    for data_type, name, version in pushes:
        yield f"type-{data_type}", _push(f"type-{data_type}", f"model-{name}", version)
    for number in range(shape.reports):
        data_type = number % shape.data_types
        model = VersionName(name=f"model-{number % shape.models}", version=shape.versions)
        state = VERSION_STATE_LIVE if number // shape.models % 2 else VERSION_STATE_LOADING
        report = ExecutorReport(executor="10.0.0.1:8404", state=state)
        yield f"type-{data_type}", ModelEvent(reported=VersionReported(model=model, report=report))


def _push(data_type: str, name: str, version: int) -> ModelEvent:
    features = [Feature(name=f"feature-{number}") for number in range(FEATURES)]
    model = ModelVersion(
        descriptor=ModelDescriptor(
            data_type=data_type,
            name=name,
            model_type="pmml",
            description="One of many.",
            metrics=[Metric(name="accuracy", value=0.9, data_set="held-out")],
        ),
        version=version,
        signature=Signature(features=features, classes=["low", "medium", "high"]),
        sha256=hashlib.sha256(f"{data_type}/{name}@{version}".encode()).hexdigest(),
        size=20_000,
    )
    event = ModelEvent(pushed=ModelPushed(model=model, chunks=1))
    event.at.FromSeconds(1_700_000_000)
    return event


def _parts(events: Iterable[tuple[str, ModelEvent]]) -> Iterator[list[tuple[str, ModelEvent]]]:
    part: list[tuple[str, ModelEvent]] = []
    for event in events:
        part.append(event)
        if len(part) == _AT_ONCE:
            yield part
            part = []
    yield part
