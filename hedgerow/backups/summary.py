"""What a backup has, in numbers."""

from __future__ import annotations

from hedgerow.v1.backup_pb2 import BackupPiece
from hedgerow.v1.events_pb2 import TrackedVersion
from hedgerow.v1.models_pb2 import VersionState


class Summary:
    """Of the pieces that have been added."""

    def __init__(self) -> None:
        self.versions = 0
        self.blobs: set[str] = set()
        """Hashes of the definitions and verifications."""
        self._needed: dict[str, list[str]] = {}

    def add(self, piece: BackupPiece) -> None:
        """Take the next piece."""
        if piece.HasField("chunk"):
            self.blobs.add(piece.chunk.sha256)
        for model in piece.data_type.snapshot.models:
            for tracked in model.versions:
                self.versions += 1
                for sha256 in _needed(tracked):
                    name = (
                        f"{piece.data_type.data_type}/{model.name}@{tracked.pushed.model.version}"
                    )
                    self._needed.setdefault(sha256, []).append(name)

    @property
    def needed(self) -> list[str]:
        """Hashes of all bytes that the versions have."""
        return sorted(self._needed)

    @property
    def without_bytes(self) -> list[str]:
        """Versions whose bytes are not in the backup although they should be: the log has lost them."""
        lost = [names for sha256, names in self._needed.items() if sha256 not in self.blobs]
        return sorted({name for names in lost for name in names})


def _needed(tracked: TrackedVersion) -> list[str]:
    model = tracked.pushed.model
    if tracked.life.state == VersionState.VERSION_STATE_DELETED:
        return []
    inside = [] if model.descriptor.location else [model.sha256]
    return [*inside, *filter(None, [model.verification_sha256])]
