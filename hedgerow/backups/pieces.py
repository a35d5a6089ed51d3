"""Pieces of a backup: made of what is known, and checked when they come back."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime

from hedgerow.errors import InvalidInput
from hedgerow.v1 import backup_pb2 as pb
from hedgerow.v1.events_pb2 import Snapshot

FORMAT = 1
"""It changes when those who know an older one would read what is written now wrongly."""

CHUNK_BYTES = 1024 * 1024
"""Bytes of a chunk, the last one of a definition excepted; the log's are as large."""


class Digest:
    """Counts pieces and hashes them, in the order in which they are written or read."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._pieces = 0

    def add(self, piece: pb.BackupPiece) -> bytes:
        """Take a piece in, and return its bytes: they depend on nothing but what it says."""
        raw = piece.SerializeToString(deterministic=True)
        self._digest.update(raw)
        self._pieces += 1
        return raw

    def end(self) -> pb.BackupPiece:
        """Return the last piece, after all of these."""
        end = pb.BackupEnd(pieces=self._pieces, sha256=self._digest.hexdigest())
        return pb.BackupPiece(end=end)


class Checked:
    """Takes the pieces of a backup as they come, and raises InvalidInput for what is none, or damaged.

    It holds no more than a hash. `finish` says whether all of it came: use nothing before.
    """

    def __init__(self) -> None:
        self.head = pb.BackupHead()
        self.blobs: set[str] = set()
        """Hashes of the definitions and verifications that are in it."""
        self._digest = Digest()
        self._blob = _BlobCheck()
        self._begun = self._ended = False

    def take(self, piece: pb.BackupPiece) -> None:
        """Take the next piece."""
        kind = piece.WhichOneof("kind")
        if not self._begun:
            self._begin(piece)
        elif kind == "head" or self._ended:
            raise _damaged("it goes on after its end" if self._ended else "it begins twice")
        elif kind != "chunk" and self._blob.is_open:
            raise _damaged(f"bytes of {self._blob.sha256} are missing")
        elif kind == "chunk" and self._blob.take(piece.chunk):
            self.blobs.add(piece.chunk.sha256)
        if kind == "end":
            self._end(piece)
        else:
            self._digest.add(piece)

    def finish(self) -> None:
        """Say that no more pieces come."""
        if not self._begun:
            raise InvalidInput("this is no backup: it is empty")
        if not self._ended:
            raise _damaged("its end is missing")

    def _begin(self, piece: pb.BackupPiece) -> None:
        if piece.WhichOneof("kind") != "head":
            raise InvalidInput("this is no backup: it does not begin as one")
        if piece.head.format != FORMAT:
            raise InvalidInput(
                f"the backup is of format {piece.head.format}, and this program knows {FORMAT}; "
                "use the program that wrote it, or a newer one"
            )
        self._begun = True
        self.head.CopyFrom(piece.head)

    def _end(self, piece: pb.BackupPiece) -> None:
        self._ended = True
        if piece != self._digest.end():
            raise _damaged("its pieces are not those that were written")


class _BlobCheck:
    """Sees that the chunks of each definition come in order, and have its hash in the end."""

    def __init__(self) -> None:
        self.sha256 = ""
        self._next = 0
        self._chunks = 0
        self._digest = hashlib.sha256()

    @property
    def is_open(self) -> bool:
        """More chunks have to come."""
        return self._next < self._chunks

    def take(self, chunk: pb.BackupChunk) -> bool:
        """Take a chunk; return whether it was the last of its definition."""
        if not self.is_open:
            self.sha256, self._next, self._chunks = chunk.sha256, 0, chunk.chunks
            self._digest = hashlib.sha256()
        here = (chunk.sha256, chunk.number, chunk.chunks)
        if here != (self.sha256, self._next, self._chunks) or not self.is_open:
            raise _damaged(f"bytes of {self.sha256} are missing")
        self._next += 1
        self._digest.update(chunk.data)
        if self.is_open:
            return False
        if self._digest.hexdigest() != self.sha256:
            raise _damaged(f"the bytes of {self.sha256} are others")
        return True


def _damaged(how: str) -> InvalidInput:
    return InvalidInput(f"the backup is damaged: {how}; take another one")


def head(mesh: str, at: datetime) -> pb.BackupPiece:
    """Return the first piece; `at` in UTC."""
    piece = pb.BackupPiece(head=pb.BackupHead(format=FORMAT, mesh=mesh))
    piece.head.at.FromDatetime(at)
    return piece


def of_data_type(data_type: str, known: Snapshot) -> pb.BackupPiece:
    """Return what is known of a data type, or a part of that."""
    piece = pb.BackupPiece()
    piece.data_type.data_type = data_type
    piece.data_type.snapshot.CopyFrom(known)
    return piece


def of_blob(sha256: str, size: int, chunks: Iterable[bytes]) -> Iterator[pb.BackupPiece]:
    """Return a definition of so many bytes in pieces; the chunks are of CHUNK_BYTES, but for the last."""
    count = chunks_of(size)
    for number, data in enumerate(chunks):
        chunk = pb.BackupChunk(sha256=sha256, number=number, chunks=count, data=data)
        yield pb.BackupPiece(chunk=chunk)


def chunks_of(size: int) -> int:
    """Return how many chunks so many bytes are in."""
    return -(-size // CHUNK_BYTES)


def joined(parts: Iterable[pb.BackupDataType]) -> dict[str, Snapshot]:
    """Return what is known of each data type, from its parts: a model may be in it more than once."""
    whole: dict[str, Snapshot] = {}
    for part in parts:
        whole.setdefault(part.data_type, Snapshot()).MergeFrom(part.snapshot)
    return whole
