"""The definitions an executor has on its disk, by sha256.

What is there may have been written by another executor, an hour or a year ago, and the folder may be one
that others can write to. So a file is what its name says only once its bytes have been hashed, which is
done each time a host is to load it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import stat
import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple
from weakref import WeakValueDictionary

import structlog

from hedgerow.errors import Unavailable
from hedgerow.v1.models_pb2 import ModelVersion

_log = structlog.get_logger()

Fetch = Callable[[ModelVersion, Path], Awaitable[None]]
"""Writes a definition to a path, whole and verified or not at all."""

_MINE_ALONE = 0o700
_LEFTOVER_SECONDS = 3600.0
"""The age at which a file that somebody began to write is taken for one that nobody goes on to write."""


class DefinitionCache:
    """A cache on disk: a definition is fetched once, however often its hosts start.

    Of definitions that are not used now it keeps those used last, as many as fit into `limit_bytes`
    together with those that are.
    """

    def __init__(self, folder: Path, fetch: Fetch, limit_bytes: int) -> None:
        self._folder = folder
        self._fetch = fetch
        self._limit = limit_bytes
        # Held by those who wait for a definition, and by nobody else.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._used: Collection[str] = ()

    def in_use(self, hashes: Collection[str]) -> None:
        """Say which definitions hosts may need at any time: these stay."""
        self._used = hashes

    async def path_of(self, model: ModelVersion) -> Path:
        """Return the file with a definition, verified.

        Raises Unavailable if the log is out of reach or the folder cannot be used, and Corrupt if the log
        has the definition no more.
        """
        path = self._folder / model.sha256
        async with self._locks.setdefault(model.sha256, asyncio.Lock()):
            try:
                await asyncio.to_thread(_prepare, self._folder)
                if not await asyncio.to_thread(_is_whole, path, model.sha256):
                    await asyncio.to_thread(self._make_room, model.size)
                    await self._fetch(model, path)
            except OSError as error:
                raise Unavailable(
                    f"its definition cannot be kept in {self._folder} ({error.strerror or error}); "
                    "make room there, or have HEDGEROW_EXECUTOR_CACHE_DIR name another folder"
                ) from error
        return path

    def _make_room(self, size: int) -> None:
        """Remove what was not used for the longest until so many bytes more are within the limit."""
        files = sorted(_files(self._folder), key=lambda file: file.used)
        total = size + sum([file.size for file in files])
        for file in files:
            if file.is_leftover or (total > self._limit and self._is_spare(file)):
                file.path.unlink(missing_ok=True)
                total -= file.size

    def _is_spare(self, file: _File) -> bool:
        return not file.is_unfinished and file.path.name not in self._used


class _File(NamedTuple):
    """What lies in the folder."""

    path: Path
    size: int
    used: float
    """Unix time, as file systems have it."""

    @property
    def is_unfinished(self) -> bool:
        """Somebody writes to it, or has ended while they did."""
        return self.path.name.startswith(".")

    @property
    def is_leftover(self) -> bool:
        return self.is_unfinished and time.time() - self.used > _LEFTOVER_SECONDS


def _files(folder: Path) -> Iterator[_File]:
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another executor may make room as well
            found = path.stat()
            if stat.S_ISREG(found.st_mode):
                yield _File(path, found.st_size, found.st_mtime)


def _prepare(folder: Path) -> None:
    """See to it that there is a folder that nobody but us and root can have prepared. Raises OSError."""
    folder.mkdir(mode=_MINE_ALONE, parents=True, exist_ok=True)
    owner = folder.stat().st_uid
    if owner not in _trusted_users():
        raise PermissionError(0, f"it belongs to another user, of id {owner}")


def _trusted_users() -> set[int]:
    return {os.getuid(), 0}


def _is_whole(path: Path, sha256: str) -> bool:
    """Tell whether a file has the bytes it is named by; one that has not is removed."""
    try:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() == sha256:
                with contextlib.suppress(PermissionError):  # it is root's
                    os.utime(file.fileno())  # used now
                return True
    except FileNotFoundError:
        return False
    _log.warning("a definition on disk is damaged and is fetched again", file=str(path))
    path.unlink(missing_ok=True)
    return False
