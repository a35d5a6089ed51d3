"""The definitions an executor has on its disk, by sha256, and the verifications that came with them.

What is there may have been written by another executor, an hour or a year ago, and the folder may be one
that others can write to. So a file is what its name says only once its bytes have been hashed, which is
done each time a host is to load it.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import shutil
import stat
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol
from weakref import WeakValueDictionary

import structlog

from hedgerow.errors import Unavailable
from hedgerow.v1.models_pb2 import ModelVersion

_log = structlog.get_logger()

Fetch = Callable[[Path], Awaitable[None]]
"""Writes a file to a path, whole and verified or not at all."""


class Source(Protocol):
    """Where the files are that are not here. Both methods write one to a path, as `Fetch` does."""

    async def fetch_definition(self, model: ModelVersion, target: Path) -> None:
        """Write the definition of a version."""

    async def fetch_verification(self, model: ModelVersion, target: Path) -> None:
        """Write the serialized Verification that a version was pushed with."""


_MINE_ALONE = 0o700
_LEFTOVER_SECONDS = 600.0
"""The age at which a file that somebody began to write is taken for one that nobody goes on to write."""
_FULL = (errno.ENOSPC, errno.EDQUOT)

LOOK_FOR_ROOM_SECONDS = 2.0
"""How often to look whether there is room again for what found none."""


class DiskFull(Unavailable):
    """There is no room on the disk for a definition. `has_room_again` tells when to try anew."""


class DefinitionCache:
    """A cache on disk: a definition is fetched once, however often its hosts start.

    Of definitions that are not used now it keeps those used last, as many as fit into `limit_bytes`, and
    on the disk, together with those that are and those that are being fetched.
    """

    def __init__(self, folder: Path, source: Source, limit_bytes: int) -> None:
        self._folder = folder
        self._source = source
        self._limit = limit_bytes
        # Held by those who wait for a definition, and by nobody else.
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._used: Collection[str] = ()
        self._coming: dict[str, int] = {}
        """Sizes of those that are being fetched."""
        self._lacking: dict[str, int] = {}
        """Sizes of those that found no room."""

    def in_use(self, models: Iterable[ModelVersion]) -> None:
        """Say which versions hosts may need to load at any time: their files stay."""
        self._used = {sha256 for m in models for sha256 in (m.sha256, m.verification_sha256)}
        for sha256 in self._lacking.keys() - self._used:
            del self._lacking[sha256]

    async def has(self, model: ModelVersion) -> bool:
        """Tell whether there is a file for a definition, which may still turn out to be damaged."""
        return await asyncio.to_thread(os.path.exists, self._folder / model.sha256)

    async def definition_of(self, model: ModelVersion) -> Path:
        """Return the file with a definition. Raises as `path_of`."""
        fetch = partial(self._source.fetch_definition, model)
        return await self.path_of(model.sha256, model.size, fetch)

    async def verification_of(self, model: ModelVersion) -> Path | None:
        """Return the file with the verification of a version, None if it has none. Raises as `path_of`."""
        if not model.verification_sha256:
            return None
        fetch = partial(self._source.fetch_verification, model)
        # Its size is not told; it came in one message, and is small beside definitions.
        return await self.path_of(model.verification_sha256, 0, fetch)

    async def path_of(self, sha256: str, size: int, fetch: Fetch) -> Path:
        """Return the file with those bytes, verified; `fetch` has them if they are not here.

        Raises DiskFull if there is no room for it, Unavailable if the log is out of reach or the folder
        cannot be used, Corrupt if the log has them no more, and what else fetching raises.
        """
        path = self._folder / sha256
        async with self._locks.setdefault(sha256, asyncio.Lock()):
            try:
                await asyncio.to_thread(_prepare, self._folder)
                if not await asyncio.to_thread(_is_whole, path, sha256):
                    await self._have_fetched(sha256, size, partial(fetch, path))
            except OSError as error:
                if error.errno in _FULL:
                    raise self._full(sha256, size, error.strerror or "full") from error
                raise Unavailable(
                    f"its definition cannot be kept in {self._folder} ({error.strerror or error}); {_MEND}"
                ) from error
        return path

    async def _have_fetched(
        self, sha256: str, size: int, fetch: Callable[[], Awaitable[None]]
    ) -> None:
        self._coming[sha256] = size
        try:
            await asyncio.to_thread(self._make_room)
            await fetch()
        finally:
            del self._coming[sha256]
        self._lacking.pop(sha256, None)

    def _full(self, sha256: str, size: int, said: str) -> DiskFull:
        free = _free(self._folder)
        if free < size:  # else it was full for a moment, or full of something that we cannot see
            self._lacking[sha256] = size
        return DiskFull(
            f"the disk is full: its definition of {_mib(size)} cannot be kept in {self._folder}, "
            f"which has {_mib(free)} free ({said}); {_MEND}"
        )

    async def has_room_again(self) -> bool:
        """Tell whether there is room now for a definition that found none."""
        return bool(self._lacking) and await asyncio.to_thread(self._has_room_again)

    def _has_room_again(self) -> bool:
        with contextlib.suppress(OSError):
            room = _free(self._folder)
            room += sum([file.size for file in _files(self._folder) if self._is_spare(file)])
            return min([*self._lacking.values()], default=room + 1) <= room
        return False

    def _make_room(self) -> None:
        """Remove what was not used for the longest until what is being fetched fits into limit and disk.

        Raises OSError, ENOSPC, if it does not fit on the disk.
        """
        coming = dict(self._coming)
        files = sorted(_files(self._folder), key=lambda file: file.used)
        begun = sum([file.size for file in files if file.is_of(coming) and not file.is_leftover])
        files = [file for file in files if not file.is_of(coming) or file.is_leftover]
        over = sum(coming.values()) + sum([file.size for file in files]) - self._limit
        short = sum(coming.values()) - begun - _free(self._folder)
        for file in files:
            if file.is_leftover or (max(over, short) > 0 and self._is_spare(file)):
                file.path.unlink(missing_ok=True)
                over, short = over - file.size, short - file.size
        if short > 0:
            raise OSError(errno.ENOSPC, f"{_mib(short)} are missing")

    def _is_spare(self, file: _File) -> bool:
        return not file.is_unfinished and file.path.name not in self._used


_MEND = "make room there, or have HEDGEROW_EXECUTOR_CACHE_DIR name another folder"


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

    def is_of(self, hashes: Collection[str]) -> bool:
        """Tell whether it is what has been written until now of one of some definitions."""
        return self.is_unfinished and self.path.name[1:].partition("-")[0] in hashes

    @property
    def is_leftover(self) -> bool:
        return self.is_unfinished and time.time() - self.used > _LEFTOVER_SECONDS


def _files(folder: Path) -> Iterator[_File]:
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):  # another executor may make room as well
            found = path.stat()
            if stat.S_ISREG(found.st_mode):
                yield _File(path, found.st_size, found.st_mtime)


def _free(folder: Path) -> int:
    """Return the bytes that we may still write to the disk that a folder is on."""
    return shutil.disk_usage(folder).free


def _mib(count: int) -> str:
    return f"{count / 2**20:.1f} MiB"


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
