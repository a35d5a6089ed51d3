"""A backup that is taken in, on the disk until all of it is there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO

from hedgerow.backups.files import PieceWriter, read_pieces
from hedgerow.backups.pieces import Checked, chunks_of
from hedgerow.errors import Unavailable
from hedgerow.v1.backup_pb2 import BackupDataType, BackupPiece
from hedgerow.v1.events_pb2 import Snapshot
from services.registry.spool import write_all


class SpooledBackup:
    """Takes pieces, checks them, and gives them back. What it wrote is gone when its `with` is left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._checked = Checked()
        self._files = ExitStack()
        try:
            self._known, self._bytes = self._open(), self._open()
        except OSError as error:
            raise self._no_room(error) from error
        self._write_known = PieceWriter(self._known)
        self._write_bytes = PieceWriter(self._bytes)

    def __enter__(self) -> SpooledBackup:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # What found no room is tried again by closing, and in vain.
        with suppress(OSError):
            self._files.close()

    @property
    def mesh(self) -> str:
        """The mesh whose backup it is."""
        return self._checked.head.mesh

    def add(self, piece: BackupPiece) -> None:
        """Take the next piece. Raises InvalidInput, and Unavailable if there is no room for it."""
        self._checked.take(piece)
        kind = piece.WhichOneof("kind")
        try:
            if kind == "data_type":
                self._write_known.write(piece)
            elif kind == "chunk":
                self._write_bytes.write(piece)
        except OSError as error:
            raise self._no_room(error) from error

    def finish(self) -> None:
        """Say that no more pieces come. Raises InvalidInput if some are missing, Unavailable as `add`."""
        self._checked.finish()
        try:
            self._known.flush()
            self._bytes.flush()
        except OSError as error:
            raise self._no_room(error) from error

    def data_types(self) -> Iterator[BackupDataType]:
        """Yield what is known; of all definitions that are in the log it says that they are in chunks."""
        self._known.seek(0)
        for piece in read_pieces(self._known):
            _normalise(piece.data_type.snapshot)
            yield piece.data_type

    def blobs(self) -> Iterator[tuple[str, Path]]:
        """Yield each definition and verification: its hash, and a file that is there until the next one.

        Raises Unavailable if there is no room for one.
        """
        self._bytes.seek(0)
        for piece in read_pieces(self._bytes):
            chunk = piece.chunk
            try:
                if chunk.number == 0:
                    file = self._named()
                write_all(file, chunk.data)
            except OSError as error:
                raise self._no_room(error) from error
            if chunk.number == chunk.chunks - 1:
                yield chunk.sha256, Path(file.name)
                file.close()

    def _named(self) -> IO[bytes]:
        # Unbuffered: what found no room is not to be tried again when the file is closed.
        return self._files.enter_context(
            tempfile.NamedTemporaryFile(dir=self._folder, prefix="hedgerow-restore-", buffering=0)
        )

    def _open(self) -> IO[bytes]:
        return self._files.enter_context(
            tempfile.TemporaryFile(dir=self._folder, prefix="hedgerow-restore-")
        )

    def _no_room(self, error: OSError) -> Unavailable:
        return Unavailable(
            f"the backup cannot be kept in {self._folder} while it comes ({error.strerror or error}); make "
            "room there, or have HEDGEROW_REGISTRY_SPOOL_DIR name another folder"
        )


def _normalise(snapshot: Snapshot) -> None:
    snapshot.last_id = ""
    for model in snapshot.models:
        for tracked in model.versions:
            if tracked.entry_id or tracked.pushed.WhichOneof("definition") == "inline":
                tracked.pushed.chunks = chunks_of(tracked.pushed.model.size)
                tracked.entry_id = ""
