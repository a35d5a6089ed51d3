"""Brings back what a backup knows and the log does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import structlog

from hedgerow.errors import Corrupt, InvalidInput, Refused
from hedgerow.references import check_name
from hedgerow.v1.backup_pb2 import BackupDataType, BackupPiece
from hedgerow.v1.events_pb2 import ModelEvent, ModelPushed, TrackedVersion
from hedgerow.v1.models_pb2 import ModelVersion, VersionState
from services.common.catalog import Catalog, Definition
from services.common.log import Log
from services.registry.backups.news import in_the_log, known_version, news
from services.registry.backups.spooled import SpooledBackup
from services.registry.ledger import Ledger

_log = structlog.get_logger()


class Restored(NamedTuple):
    """What was brought back."""

    versions: int
    """Versions that the log did not know."""
    blobs: int
    """Definitions and verifications that the log did not have."""
    without_bytes: list[str]
    """Versions whose bytes neither the backup nor the log has."""


class Restoring:
    """Of all backups that come to a registry."""

    def __init__(self, log: Log, ledger: Ledger, folder: Path) -> None:
        self._log = log
        self._ledger = ledger
        self._folder = folder

    async def restore(self, pieces: AsyncIterator[BackupPiece]) -> Restored:
        """Take a whole backup in, look at it, and only then write what the log does not know.

        The same backup again changes nothing, and finishes what broke off. Raises InvalidInput if it is
        none, or damaged; Refused if the log has another version under one of its numbers; Unavailable.
        """
        with SpooledBackup(self._folder) as backup:
            async for piece in pieces:
                await asyncio.to_thread(backup.add, piece)
            backup.finish()
            # What can be seen to be wrong already waits for nothing, and has nothing read or written.
            _check(backup, self._ledger.catalog)
            catalog = await self._ledger.catch_up()  # the log may have been emptied a moment ago
            _check(backup, catalog)
            await self._take_mesh(backup.mesh, catalog)
            return await self._write(backup, catalog)

    async def _take_mesh(self, mesh: str, catalog: Catalog) -> None:
        """Have a log without models be the backup's, so that those who remember that one know it again."""
        has_models = any(not version.lost for version in catalog.versions())
        if mesh and not has_models:
            await self._log.rename(mesh)

    async def _write(self, backup: SpooledBackup, catalog: Catalog) -> Restored:
        blobs, there = await self._write_bytes(backup, catalog)
        versions = 0
        missing: list[str] = []
        for part in backup.data_types():
            needed = [*_in_the_log(part, catalog)]
            missing += [_name(one) for one in needed if not _hashes(one).keys() <= there]
            for tracked in needed:
                await self._log.definitions.keep(_of_those(tracked, there))
            versions += await self._write_event(part)
        _log.info("a backup was restored", mesh=backup.mesh, versions=versions, blobs=blobs)
        return Restored(versions, blobs, missing)

    async def _write_event(self, part: BackupDataType) -> int:
        """Write what a part knows and the log does not; return how many versions that were."""

        def decide(catalog: Catalog) -> ModelEvent | None:
            unknown = news(part, catalog)
            if unknown is None:
                return None
            event = ModelEvent(restored=unknown)
            event.at.GetCurrentTime()
            return event

        event = await self._ledger.write(part.data_type, decide)
        return sum(len(model.versions) for model in event.restored.models) if event else 0

    # -- bytes -------------------------------------------------------------------------------------

    async def _write_bytes(self, backup: SpooledBackup, catalog: Catalog) -> tuple[int, set[str]]:
        """Write the bytes that the log does not have; return how many, and the hashes of those it has now.

        They expire unless they are kept.
        """
        wanted: dict[str, int] = {}
        for part in backup.data_types():
            for tracked in _in_the_log(part, catalog):
                wanted |= _hashes(tracked)
        there = {sha256 for sha256, chunks in wanted.items() if await self._has(sha256, chunks)}
        written = 0
        blobs = backup.blobs()
        while (blob := await asyncio.to_thread(next, blobs, None)) is not None:
            sha256, path = blob
            if sha256 in wanted and sha256 not in there:
                bytes_of = ModelPushed(model=ModelVersion(sha256=sha256))
                await self._log.definitions.store(bytes_of, path)
                there.add(sha256)
                written += 1
        return written, there

    async def _has(self, sha256: str, chunks: int) -> bool:
        """Tell whether the log has some bytes, undamaged."""
        try:
            async for _ in self._log.definitions.read(Definition("", sha256, 0, chunks)):
                pass
        except Corrupt:
            return False
        return True


def _check(backup: SpooledBackup, catalog: Catalog) -> None:
    """Raise if a backup cannot be brought back, before any part of it is."""
    for part in backup.data_types():
        _check_part(part, catalog)


def _check_part(part: BackupDataType, catalog: Catalog) -> None:
    check_name("data type", part.data_type)
    for model in part.snapshot.models:
        check_name("model", model.name)
        for tracked in model.versions:
            said = tracked.pushed.model.descriptor
            if (said.data_type, said.name) != (part.data_type, model.name):
                raise InvalidInput(
                    f"the backup is damaged: {_name(tracked)} is in it as one of "
                    f"{part.data_type}/{model.name}; take another one"
                )
            _check_same(tracked, catalog)


def _check_same(tracked: TrackedVersion, catalog: Catalog) -> None:
    model = tracked.pushed.model
    if not model.version:
        raise InvalidInput(f"the backup is damaged: a version of {_name(tracked)} has no number")
    known = known_version(tracked, catalog)
    if known is not None and known.model.sha256 != model.sha256:
        raise Refused(
            f"{_name(tracked)} of the backup (pushed {model.pushed_at.ToJsonString()}) is another one than "
            f"that of the log ({known.model.pushed_at.ToJsonString()}): the backup is of another mesh; "
            "restore it into an empty log"
        )


def _in_the_log(part: BackupDataType, catalog: Catalog) -> Iterator[TrackedVersion]:
    """Yield the versions of which the log is to have bytes, in chunks."""
    for model in part.snapshot.models:
        for tracked in model.versions:
            known = in_the_log(tracked, catalog)
            state = known.life.state if known is not None else tracked.life.state
            inside = known is not None and known.entry_id
            if state != VersionState.VERSION_STATE_DELETED and not inside and _hashes(tracked):
                yield tracked


def _hashes(tracked: TrackedVersion) -> dict[str, int]:
    """Return the hashes of what a version has in the log, each with its number of chunks."""
    model = tracked.pushed.model
    hashes = {}
    if not model.descriptor.location:
        hashes[model.sha256] = tracked.pushed.chunks
    if model.verification_sha256:
        hashes[model.verification_sha256] = tracked.pushed.verification_chunks
    return hashes


def _of_those(tracked: TrackedVersion, there: set[str]) -> ModelPushed:
    """Return what an event says of a version's bytes, of those alone that are there."""
    pushed = ModelPushed(model=tracked.pushed.model, chunks=0)
    if pushed.model.sha256 in there:
        pushed.chunks = tracked.pushed.chunks
    if pushed.model.verification_sha256 in there:
        pushed.verification_chunks = tracked.pushed.verification_chunks
    return pushed


def _name(tracked: TrackedVersion) -> str:
    said = tracked.pushed.model.descriptor
    return f"{said.data_type}/{said.name}@{tracked.pushed.model.version}"
