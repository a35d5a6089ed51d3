"""Makes a backup of what an executor has on its disk: what it remembers, and definitions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from hedgerow.backups.files import read_checked
from hedgerow.backups.pieces import CHUNK_BYTES, Digest, of_blob
from hedgerow.backups.summary import Summary
from hedgerow.errors import InvalidInput
from hedgerow.v1.backup_pb2 import BackupPiece

STATE_FOLDER = "state"
"""Below the folder of the definitions, where no setting says otherwise."""
SUFFIX = ".state"
"""Of files in which services keep what they know."""


def pieces_of_disk(place: Path, definitions: Path | None = None) -> Iterator[BackupPiece]:
    """Yield a backup of what executors left in a folder, or in one file of what they remember.

    Executors that share a folder may have run other data types: it has what all of them knew. `definitions`
    is the folder of the definitions, if they are elsewhere. Raises InvalidInput if there is nothing, or if
    it is of more than one mesh.
    """
    states = _states(place)
    heads = {state[0].head.mesh for state, _ in states}
    if len(heads) > 1:
        names = ", ".join(str(path) for _, path in states)
        raise InvalidInput(f"{place} has what was known of several meshes; give one file: {names}")
    # The newest first: what it says of plans counts.
    states.sort(key=lambda state: state[0][0].head.at.ToNanoseconds(), reverse=True)
    digest, summary = Digest(), Summary()
    for piece in _known(pieces for pieces, _ in states):
        digest.add(piece)
        summary.add(piece)
        yield piece
    for piece in _bytes(summary, definitions or _definitions(place)):
        digest.add(piece)
        yield piece
    yield digest.end()


def _states(place: Path) -> list[tuple[list[BackupPiece], Path]]:
    """Return what is remembered in each file of a folder; damaged ones are left out if there are others."""
    folders = [place, place / STATE_FOLDER]
    files = (
        [place] if place.is_file() else [f for d in folders for f in sorted(d.glob(f"*{SUFFIX}"))]
    )
    found: list[tuple[list[BackupPiece], Path]] = []
    reason = f"it has no file *{SUFFIX}, nor {STATE_FOLDER}/*{SUFFIX}"
    for file in files:
        try:
            found.append((read_checked(file), file))
        except (InvalidInput, OSError) as error:
            reason = f"{file.name}: {error}"
    if not found:
        raise InvalidInput(f"{place} is not what an executor has left: {reason}")
    return found


def _known(states: Iterator[list[BackupPiece]]) -> Iterator[BackupPiece]:
    """Yield the head of the first and what all know."""
    for number, pieces in enumerate(states):
        if number == 0:
            yield pieces[0]
        yield from (piece for piece in pieces if piece.HasField("data_type"))


def _bytes(summary: Summary, folder: Path) -> Iterator[BackupPiece]:
    for sha256 in summary.needed:
        path = folder / sha256
        if _is_whole(path, sha256):
            with path.open("rb") as file:
                yield from of_blob(
                    sha256, path.stat().st_size, iter(lambda: file.read(CHUNK_BYTES), b"")
                )


def _is_whole(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except OSError:
        return False


def _definitions(place: Path) -> Path:
    folder = place.parent if place.is_file() else place
    return folder.parent if folder.name == STATE_FOLDER else folder
