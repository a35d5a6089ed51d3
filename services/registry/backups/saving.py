"""Makes a backup: what is known, and the bytes of all definitions in the log."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hedgerow.backups import pieces
from hedgerow.backups.pieces import CHUNK_BYTES, Digest, chunks_of
from hedgerow.errors import Corrupt, Unavailable
from hedgerow.v1.backup_pb2 import BackupPiece
from hedgerow.v1.events_pb2 import Snapshot
from services.common.catalog import Catalog, Definition, Version
from services.common.log import Log
from services.registry.ledger import Ledger

_NAMED = 10
"""Versions that a message names at the most."""


@dataclass
class _Blob:
    """Bytes that a backup is to have."""

    definition: Definition
    names: list[str] = field(default_factory=list)
    """Whose they are: `wine/wine-tree@3`."""


class Saving:
    """Of all backups of a registry."""

    def __init__(self, log: Log, ledger: Ledger, folder: Path) -> None:
        self._log = log
        self._ledger = ledger
        self._folder = folder

    async def pieces(self, skip_lost: bool) -> AsyncIterator[BackupPiece]:
        """Yield the pieces of a backup. The largest definition is on the disk meanwhile, a chunk in memory.

        Raises Corrupt, naming the versions, if the log has lost bytes and these are not to be skipped.
        What was yielded before is no backup then, for its end is missing. Raises Unavailable.
        """
        digest = Digest()
        async for piece in self._pieces(skip_lost):
            digest.add(piece)
            yield piece
        yield digest.end()

    async def _pieces(self, skip_lost: bool) -> AsyncIterator[BackupPiece]:
        catalog = self._ledger.catalog
        yield pieces.head(await self._log.mesh(), datetime.now(UTC))
        blobs: dict[str, _Blob] = {}
        for data_type in catalog.known_types:
            # The bytes are those of what is told here, whatever is pushed meanwhile.
            parts = catalog.parts(data_type)
            _add_blobs(blobs, catalog, data_type)
            for part in parts:
                yield pieces.of_data_type(data_type, _in_chunks(part))
        async for piece in self._bytes(blobs.values(), skip_lost):
            yield piece

    async def _bytes(self, blobs: Iterable[_Blob], skip_lost: bool) -> AsyncIterator[BackupPiece]:
        """Yield all bytes. Where some are lost the rest is looked through, to name all versions at once."""
        lost: list[str] = []
        for blob in blobs:
            with self._temporary() as folder:
                path = Path(folder) / "definition"
                if not await self._fetch(blob.definition, path):
                    lost += blob.names
                elif skip_lost or not lost:
                    for piece in _of_file(blob.definition.sha256, path):
                        yield piece
        if lost and not skip_lost:
            more = f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
            raise Corrupt(
                f"the log has lost the bytes of {', '.join(lost[:_NAMED])}{more}; push them again, or have "
                "the backup be without them (--skip-lost)"
            )

    def _temporary(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(dir=self._folder, prefix="hedgerow-backup-")

    async def _fetch(self, definition: Definition, path: Path) -> bool:
        """Write verified bytes to a file; return False if the log has lost them."""
        try:
            await self._log.definitions.fetch(definition, path)
        except Corrupt:
            return False
        except OSError as error:
            raise Unavailable(
                f"the backup needs room for its largest definition in {self._folder} "
                f"({error.strerror or error}); have HEDGEROW_REGISTRY_SPOOL_DIR name another folder"
            ) from error
        return True


def _of_file(sha256: str, path: Path) -> Iterator[BackupPiece]:
    with path.open("rb") as file:
        chunks = iter(lambda: file.read(CHUNK_BYTES), b"")
        yield from pieces.of_blob(sha256, path.stat().st_size, chunks)


def _add_blobs(blobs: dict[str, _Blob], catalog: Catalog, data_type: str) -> None:
    if not catalog.has_models(data_type):
        return
    for version in catalog.versions(data_type):
        said = version.model.descriptor
        for definition in _definitions(version):
            blob = blobs.setdefault(definition.sha256, _Blob(definition))
            blob.names.append(f"{data_type}/{said.name}@{version.model.version}")


def _definitions(version: Version) -> Iterator[Definition]:
    """Return where bytes of a version are in the log; it may have none there."""
    if version.life.is_deleted:
        return
    if not version.definition.location:
        yield version.definition
    if version.verification is not None:
        yield version.verification


def _in_chunks(snapshot: Snapshot) -> Snapshot:
    """Say of definitions that are inside of an event that they are in chunks, as they are in the backup."""
    for model in snapshot.models:
        for tracked in model.versions:
            if tracked.entry_id:
                tracked.pushed.chunks = chunks_of(tracked.pushed.model.size)
                tracked.entry_id = ""
    return snapshot
