"""Models: pushing, finding, reading."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

import structlog

from hedgerow.errors import Corrupt
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelEvent, ModelPushed, ModelVersion
from services.common.catalog import Catalog
from services.common.log import Log
from services.common.logs import fields_of
from services.registry.admission import Admission, Candidate
from services.registry.ledger import Ledger

_log = structlog.get_logger()


class Registered(NamedTuple):
    """What a push has led to."""

    model: ModelVersion
    created: bool
    """Whether the version is new."""
    newest: int
    """The newest version of the model."""
    quality_inherited: bool = False
    """The push said no quality, and the version before had one."""


class Models:
    """All registered models."""

    def __init__(self, admission: Admission, log: Log, ledger: Ledger) -> None:
        self._admission = admission
        self._log = log
        self._ledger = ledger
        self._finishing: set[asyncio.Task[Registered]] = set()

    async def push(self, descriptor: ModelDescriptor, chunks: AsyncIterator[bytes]) -> Registered:
        """Register a model.

        Raises InvalidInput if it is refused, LimitExceeded if it is too large, and Unavailable if the log
        is out of reach, which is found out before the definition is taken in.
        """
        await self._log.ping()
        async with self._admission.candidate(descriptor, chunks) as candidate:
            if (same := _same(self._ledger.catalog, candidate)) is not None:
                await self._mend(same, candidate)
                return self._known(same)
            return await self._register(candidate)

    async def _mend(self, model: ModelVersion, candidate: Candidate) -> None:
        """Store a definition that is pushed again once more, if the log's is gone or damaged.

        That is what those are told to do who need it.
        """
        descriptor, definitions = model.descriptor, self._log.definitions
        known = self._ledger.catalog.definition(
            descriptor.data_type, descriptor.name, model.version
        )
        if not known.chunks:  # it is inside its event, which is there or is not known
            return
        try:
            async for _ in definitions.read(known):
                pass
        except Corrupt as error:
            _log.warning("a damaged definition is mended", **fields_of(model), reason=str(error))
            pushed = ModelPushed(model=model)
            await definitions.store(pushed, candidate.definition)
            await definitions.keep(pushed)

    async def _register(self, candidate: Candidate) -> Registered:
        pushed = ModelPushed(model=_version_of(candidate))
        await self._log.definitions.store(pushed, candidate.definition)
        # Shielded: chunks that were kept for an event that never came would stay for good.
        finishing = asyncio.create_task(self._finish(candidate, pushed), name="register a model")
        self._finishing.add(finishing)
        finishing.add_done_callback(self._finished)
        return await asyncio.shield(finishing)

    def _finished(self, task: asyncio.Task[Registered]) -> None:
        self._finishing.discard(task)
        if not task.cancelled():
            task.exception()  # told to the caller, if there still is one

    async def _finish(self, candidate: Candidate, pushed: ModelPushed) -> Registered:
        await self._log.definitions.keep(pushed)
        data_type = candidate.descriptor.data_type

        def decide(catalog: Catalog) -> ModelEvent | None:
            if _same(catalog, candidate) is not None:
                return None
            newest = catalog.find(data_type, candidate.descriptor.name)
            pushed.model.version = newest.version + 1 if newest else 1
            _inherit_quality(pushed.model, candidate, newest)
            return _event(pushed)

        event = await self._ledger.write(data_type, decide)
        if event is not None:
            model = event.pushed.model
            inherited = model.descriptor != candidate.descriptor
            return Registered(model, True, model.version, inherited)
        same = _same(self._ledger.catalog, candidate)
        assert same is not None  # or `decide` had made an event
        return self._known(same)

    def _known(self, same: ModelVersion) -> Registered:
        descriptor = same.descriptor
        newest = self._ledger.catalog.find(descriptor.data_type, descriptor.name)
        return Registered(same, False, newest.version if newest else same.version)

    async def close(self) -> None:
        """Wait for what is being registered although nobody waits for it any more."""
        await asyncio.gather(*self._finishing, return_exceptions=True)

    def get(self, data_type: str, name: str, version: int) -> ModelVersion:
        """Return a version, 0 being the newest. Raises NotFound."""
        return self._ledger.catalog.model(data_type, name, version)

    def list(self, data_type: str) -> list[ModelVersion]:
        """Return all versions, of one data type or of all (""). Raises NotFound."""
        return list(self._ledger.catalog.versions(data_type))

    def read(self, data_type: str, name: str, version: int) -> AsyncIterator[bytes]:
        """Yield the bytes of a version; see `Definitions.read`. Raises NotFound, Unavailable, Corrupt."""
        definition = self._ledger.catalog.definition(data_type, name, version)
        return self._log.definitions.read(definition)


def _same(catalog: Catalog, candidate: Candidate) -> ModelVersion | None:
    """Return the version that has the candidate's bytes and descriptor, if there is one."""
    descriptor = candidate.descriptor
    if descriptor.data_type not in catalog.data_types:
        return None
    versions = catalog.models(descriptor.data_type).get(descriptor.name, ())
    return next((model for model in reversed(versions) if candidate.is_same_as(model)), None)


def _inherit_quality(
    model: ModelVersion, candidate: Candidate, before: ModelVersion | None
) -> None:
    """Give a version of which no quality was said that of the one before; 0 would rank it last."""
    model.descriptor.CopyFrom(candidate.descriptor)
    if before is None or model.descriptor.HasField("quality"):
        return
    if before.descriptor.HasField("quality"):
        model.descriptor.quality = before.descriptor.quality


def _version_of(candidate: Candidate) -> ModelVersion:
    return ModelVersion(
        descriptor=candidate.descriptor,
        signature=candidate.signature,
        sha256=candidate.sha256,
        size=candidate.size,
    )


def _event(pushed: ModelPushed) -> ModelEvent:
    event = ModelEvent()
    event.at.GetCurrentTime()
    pushed.model.pushed_at.CopyFrom(event.at)
    event.pushed.CopyFrom(pushed)
    return event
