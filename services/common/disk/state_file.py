"""The file in which a service keeps what it knows: of the form of a backup, without bytes of definitions.

It appears whole or not at all. Whoever reads it trusts nothing: a damaged one is told of and ignored, and
so is one in a folder that others may have prepared.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from hedgerow.backups.executor_disk import SUFFIX
from hedgerow.backups.files import read_checked, write_pieces
from hedgerow.backups.pieces import joined
from hedgerow.errors import InvalidInput
from hedgerow.v1.backup_pb2 import BackupPiece
from services.common.catalog import Catalog

_log = structlog.get_logger()

_MINE_ALONE = 0o700
_TRUSTED = (0,)
"""Users beside ourselves that may prepare the folder: root."""
_MOST_FILES = 32
"""Of a folder: services that come and go at other ports each time leave theirs behind."""


@dataclass(frozen=True)
class Kept:
    """What a file says."""

    mesh: str
    catalog: Catalog
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Addresses of other services, by the service."""


class StateFile:
    """One file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @staticmethod
    def of(folder: Path, service: str, address: str) -> StateFile | None:
        """Return the file of a service that others reach at an address: several may share a folder.

        None for a service that has another address each time: it would not find its file.
        """
        if not address:
            return None
        place = "".join(c if c.isalnum() or c in ".-" else "_" for c in address)
        return StateFile(folder / f"{service}-{place}{SUFFIX}")

    def read(self) -> Kept | None:
        """Return what it says; None if it is not there, or not to be trusted."""
        try:
            _check_owner(self._path.parent)
            pieces = read_checked(self._path)
        except FileNotFoundError:
            return None
        except (InvalidInput, OSError) as error:
            _log.error("what was kept is ignored", file=str(self._path), reason=str(error))
            return None
        return Kept(pieces[0].head.mesh, _catalog(pieces), _members(pieces))

    def write(self, pieces: Iterable[BackupPiece]) -> None:
        """Put pieces in place of what it said before; the end is added to them. Raises OSError."""
        folder = self._path.parent
        folder.mkdir(mode=_MINE_ALONE, parents=True, exist_ok=True)
        _check_owner(folder)
        write_pieces(self._path, pieces)
        _remove_oldest(folder)

    def set_aside(self) -> Path:
        """Give it another name, under which nobody reads it but who is told to. Raises OSError."""
        aside = self._path.with_suffix(".of-another-mesh")
        os.replace(self._path, aside)
        return aside


def _catalog(pieces: Iterable[BackupPiece]) -> Catalog:
    catalog = Catalog()
    parts = (piece.data_type for piece in pieces if piece.HasField("data_type"))
    for data_type, snapshot in joined(parts).items():
        catalog.load(data_type, snapshot)
    return catalog


def _members(pieces: Iterable[BackupPiece]) -> dict[str, frozenset[str]]:
    told = (piece.members for piece in pieces if piece.HasField("members"))
    return {one.service: frozenset(one.addresses) for one in told}


def _check_owner(folder: Path) -> None:
    """Raise OSError for a folder that anybody but us and root can have prepared."""
    owner = folder.stat().st_uid
    if owner not in (os.getuid(), *_TRUSTED):
        raise PermissionError(0, f"the folder belongs to another user, of id {owner}")


def _remove_oldest(folder: Path) -> None:
    for path in _newest_first(folder)[_MOST_FILES:]:
        with suppress(OSError):
            path.unlink()


def _newest_first(folder: Path) -> list[Path]:
    return sorted(_files(folder), key=_changed_at, reverse=True)


def _files(folder: Path) -> Iterator[Path]:
    return folder.glob(f"*{SUFFIX}")


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
