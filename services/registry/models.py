"""Models: pushing, finding, reading."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import NamedTuple

import structlog

from hedgerow.errors import Corrupt, InvalidInput, InvalidModel, NotFound, Refused, Unavailable
from hedgerow.references import InvalidName, parse_version
from hedgerow.v1.events_pb2 import ModelEvent, ModelPushed
from hedgerow.v1.models_pb2 import Identity, ModelDescriptor, ModelVersion, VersionLife
from services.common.catalog import Catalog, Version
from services.common.log import Log, LogRefused
from services.common.logs import fields_of
from services.registry.admission import Admission, Candidate, Push, ReadLocation
from services.registry.housekeeping import UnusedBytes
from services.registry.ledger import Ledger
from services.registry.pages import Place
from services.registry.plan_checks import lacks_metric

_log = structlog.get_logger()

_TRIES = 5
"""More than there are deletions of one definition at a time."""


class Registered(NamedTuple):
    """What a push has led to."""

    model: ModelVersion
    created: bool
    """Whether the version is new."""
    newest: int
    """The newest version of the model."""
    lacks_metric: str = ""
    """The metric that the plan in force ranks by, where the version has not got it."""


class Models:
    """All registered models."""

    def __init__(
        self,
        admission: Admission,
        log: Log,
        ledger: Ledger,
        unused: UnusedBytes,
        read_location: ReadLocation,
        patience: timedelta,
    ) -> None:
        """Make it; `patience` is how long an emptied log may take to learn which numbers were used."""
        self._admission = admission
        self._read_location = read_location
        self._log = log
        self._ledger = ledger
        self._unused = unused
        self._patience = patience
        self._finishing: set[asyncio.Task[Registered]] = set()

    async def push(self, push: Push, chunks: AsyncIterator[bytes], by: Identity) -> Registered:
        """Register a model.

        Raises InvalidInput if it is refused, NotFound if its parent is unknown, LimitExceeded if it is too
        large, and Unavailable if the log is out of reach, which is found out before the definition is taken
        in.
        """
        await self._log.ping()
        self._check_parent(push.descriptor)
        async with self._admission.candidate(push, chunks) as candidate:
            same = _same(self._ledger.catalog, candidate)
            if same is not None and not same.lost:
                await self._mend(same, candidate)
                return self._known(same.model)
            return await self._register(candidate, by)

    def _check_parent(self, descriptor: ModelDescriptor) -> None:
        if not descriptor.parent:
            return
        try:
            parent = parse_version(descriptor.parent)
            self._ledger.catalog.version(descriptor.data_type, parent.name, parent.version)
        except NotFound as error:
            raise NotFound(f"parent {descriptor.parent!r}: {error}") from error
        except InvalidName as error:
            raise InvalidModel(f"parent: {error}") from error

    async def _mend(self, known: Version, candidate: Candidate) -> None:
        """Store a definition that is pushed again once more, if the log's is gone or damaged.

        That is what those are told to do who need it.
        """
        definitions = self._log.definitions
        in_chunks = [d for d in (known.definition, known.verification) if d and d.chunks]
        try:
            for definition in in_chunks:
                async for _ in definitions.read(definition):
                    pass
        except Corrupt as error:
            _log.warning(
                "a damaged definition is mended", **fields_of(known.model), reason=str(error)
            )
            pushed = ModelPushed(model=known.model)
            await self._store(pushed, candidate)
            await definitions.keep(pushed)

    async def _store(self, pushed: ModelPushed, candidate: Candidate) -> None:
        """Put the bytes beside the event, but for those that have a place of their own."""
        if not candidate.descriptor.location:
            await self._log.definitions.store(pushed, candidate.definition)
        if candidate.verification is not None:
            await self._log.definitions.store_verification(pushed, candidate.verification)

    async def _register(self, candidate: Candidate, by: Identity) -> Registered:
        pushed = ModelPushed(model=candidate.version())
        await self._store(pushed, candidate)
        # Shielded: chunks that were kept for an event that never came would stay for good.
        finishing = asyncio.create_task(
            self._finish(candidate, pushed, by), name="register a model"
        )
        self._finishing.add(finishing)
        finishing.add_done_callback(self._finished)
        try:
            return await asyncio.shield(finishing)
        except asyncio.CancelledError:
            await asyncio.wait({finishing})  # it may need the candidate's files once more
            raise

    def _finished(self, task: asyncio.Task[Registered]) -> None:
        self._finishing.discard(task)
        if not task.cancelled():
            task.exception()  # told to the caller, if there still is one

    async def _finish(self, candidate: Candidate, pushed: ModelPushed, by: Identity) -> Registered:
        await self._keep(candidate, pushed)
        descriptor = candidate.descriptor
        if not self._ledger.catalog.highest(descriptor.data_type, descriptor.name):
            await self._log.settled(self._patience)

        def decide(catalog: Catalog) -> ModelEvent | None:
            same = _same(catalog, candidate)
            if same is not None and not same.lost:
                return None
            highest = catalog.highest(descriptor.data_type, descriptor.name)
            # One that the log has lost comes back as what it was.
            pushed.model.version = same.model.version if same is not None else highest + 1
            return ModelEvent(pushed=pushed)

        try:
            event = await self._ledger.write(descriptor.data_type, decide, by)
        except LogRefused:
            await self._unused.forsake(pushed)
            raise
        if event is not None:
            await self._keep(candidate, pushed)
            return self._known(event.pushed.model, created=True)
        same = _same(self._ledger.catalog, candidate)
        assert same is not None  # or `decide` had made an event
        return self._known(same.model)

    async def _keep(self, candidate: Candidate, pushed: ModelPushed) -> None:
        """See to it that the bytes are there, and stay.

        They may have been removed since they were stored: with the last version that had the same ones.
        """
        for _ in range(_TRIES):
            with contextlib.suppress(Unavailable):
                await self._log.definitions.keep(pushed)
                return
            await self._store(pushed, candidate)
        await self._log.definitions.keep(pushed)

    def _known(self, model: ModelVersion, created: bool = False) -> Registered:
        said, catalog = model.descriptor, self._ledger.catalog
        newest = catalog.find(said.data_type, said.name)
        number = newest.version if newest else model.version
        return Registered(model, created, number, lacks_metric(catalog, model))

    async def close(self) -> None:
        """Wait for what is being registered although nobody waits for it any more."""
        await asyncio.gather(*self._finishing, return_exceptions=True)

    def get(self, data_type: str, name: str, version: int = 0, alias: str = "") -> Version:
        """Return a version, by default the newest that may serve. Raises NotFound, InvalidInput."""
        if version and alias:
            raise InvalidInput(
                f"{name}: a version ({version}) and an alias ({alias}) are given; give one of the two"
            )
        return self._ledger.catalog.version(data_type, name, version, alias)

    def life(self, version: Version) -> VersionLife:
        """Return how a version is."""
        return self._ledger.catalog.life(version)

    def list(self, data_type: str, after: Place | None = None) -> Iterator[Version]:
        """Yield versions, of one data type or of all (""), from the beginning or `after` one.

        Raises NotFound.
        """
        return self._ledger.catalog.versions(data_type, after)

    def read(self, version: Version) -> AsyncIterator[bytes]:
        """Yield the bytes of a version; see `Definitions.read`.

        Raises Refused if they were deleted, Unavailable, Corrupt.
        """
        if version.life.is_deleted:
            said = version.model.descriptor
            raise Refused(f"{said.name}@{version.model.version} is deleted: its bytes are gone")
        model, found = version.model, version.definition
        if found.location:
            return self._read_location(found.location, model.sha256, model.size)
        return self._log.definitions.read(found)


def _same(catalog: Catalog, candidate: Candidate) -> Version | None:
    """Return the version that is the candidate already, if one that is not retired is."""
    descriptor = candidate.descriptor
    if descriptor.data_type not in catalog.data_types:
        return None
    model = catalog.models(descriptor.data_type).get(descriptor.name)
    versions = model.newest_first() if model is not None else ()
    return next((v for v in versions if not v.life.is_over and candidate.is_same_as(v.model)), None)
