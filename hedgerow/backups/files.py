"""A backup as a file: each piece after its length, a varint.

It is the form in which Protobuf's own tools read many messages from one file (`parseDelimitedFrom` in Java,
`google.protobuf.proto.parse_length_prefixed` in Python).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from google.protobuf.message import DecodeError

from hedgerow.backups.pieces import Checked, Digest
from hedgerow.errors import InvalidInput
from hedgerow.v1.backup_pb2 import BackupPiece

_LONGEST = 64 * 1024 * 1024
"""Bytes of a piece: no message of ours is longer, and a damaged length may be anything."""

_VARINT_BYTES = 5


def read_pieces(file: IO[bytes]) -> Iterator[BackupPiece]:
    """Yield the pieces of a file. Raises InvalidInput where they are none; they are not `Checked`."""
    while (length := _read_length(file)) is not None:
        raw = file.read(length) if length <= _LONGEST else b""
        if len(raw) < length:
            raise InvalidInput("this is no backup, or its end is missing")
        try:
            yield BackupPiece.FromString(raw)
        except DecodeError as error:
            raise InvalidInput("this is no backup, or it is damaged") from error


def read_checked(path: Path) -> list[BackupPiece]:
    """Return all pieces of a file that is small.

    Raises InvalidInput if they are not all there as they were written, and OSError.
    """
    checked = Checked()
    pieces = []
    with path.open("rb") as file:
        for piece in read_pieces(file):
            checked.take(piece)
            pieces.append(piece)
    checked.finish()
    return pieces


class PieceWriter:
    """Writes pieces into a file, and in the end the one that says that these were all."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = Digest()
        self.bytes = 0

    def write(self, piece: BackupPiece) -> None:
        """Append a piece that is not the last. Raises OSError."""
        self._append(self._digest.add(piece))

    def end(self) -> None:
        """Append the last piece. Raises OSError."""
        self._append(self._digest.end().SerializeToString(deterministic=True))

    def _append(self, raw: bytes) -> None:
        framed = _varint(len(raw)) + raw
        self._file.write(framed)
        self.bytes += len(framed)


@contextmanager
def replacing(target: Path) -> Iterator[IO[bytes]]:
    """Give a file that stands under the name of `target` once the block is over, whole and on the disk.

    Raises OSError. If anything is raised, what was there under the name before is there still.
    """
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise
    _sync_folder(target.parent)


def write_pieces(target: Path, pieces: Iterable[BackupPiece]) -> None:
    """Write a file of these pieces and the end, as `replacing` does. Raises OSError."""
    with replacing(target) as file:
        writer = PieceWriter(file)
        for piece in pieces:
            writer.write(piece)
        writer.end()


def _sync_folder(folder: Path) -> None:
    """Have the new name be on the disk too; some file systems cannot."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def _read_length(file: IO[bytes]) -> int | None:
    """Read a varint; None at the end of the file."""
    value = 0
    for place in range(_VARINT_BYTES):
        byte = file.read(1)
        if not byte:
            if place:
                raise InvalidInput("this is no backup, or its end is missing")
            return None
        value |= (byte[0] & 0x7F) << 7 * place
        if byte[0] < 0x80:
            return value
    raise InvalidInput("this is no backup")
