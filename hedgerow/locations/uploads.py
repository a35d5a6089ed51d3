"""Puts the bytes of a model to where its mesh will fetch them from."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from hedgerow.errors import InvalidInput, InvalidModel, NotFound
from hedgerow.locations.location import WEB, Location, parse_folder, parse_location
from hedgerow.locations.stores import open_store, told

_PIECE_BYTES = 1024**2
_PART_BYTES = 8 * 1024**2
"""An object store takes parts; a few of them are in memory."""

_FOR_ALL = 0o644
"""The services that read it are other users."""

Progress = Callable[[int, int], None]
"""Is told the bytes that are done, and those of the whole."""


class Uploaded(NamedTuple):
    """What a push by location says."""

    location: str
    sha256: str


def upload(file: Path, to: str, progress: Progress = lambda done, size: None) -> Uploaded:
    """Copy a file to `s3://`, `gs://` or `file://`, piece by piece, and say where it is.

    An address that ends with a slash is a folder: there the file is named by its sha256, and is not sent
    again if it is there. Another address must be free, for versions may have what is there.

    Raises InvalidInput if nothing can be put there or the file is empty, NotFound if there is no such
    bucket, Inaccessible if a package, credentials or permission are missing, Unavailable if it is out of
    reach, and OSError if the file cannot be read.
    """
    if not file.stat().st_size:
        raise InvalidModel(f"{file} is empty and was not put anywhere; give the file of a model")
    sha256 = _hash(file)
    location = _target(file, to, sha256)
    put = _into_folder if location.scheme == "file" else _into_store
    with told(location):
        there = put(file, location, progress)
    size = file.stat().st_size
    if there is not None and not (to.endswith("/") and there == size):
        raise InvalidInput(
            f"there is something at {location} already, which a version may have; give another name, or "
            "a folder with a slash at its end, where files are named by their sha256"
        )
    progress(size, size)
    return Uploaded(str(location), sha256)


def _hash(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _target(file: Path, to: str, sha256: str) -> Location:
    location = parse_folder(to) if to.endswith("/") else parse_location(to)
    if location.scheme in WEB:
        raise InvalidModel(
            f"nothing can be put to {location}; name a place of s3://, gs:// or file://, or put it there "
            "by other means and push its location with its sha256"
        )
    if to.endswith("/"):
        return parse_location(f"{location}{'/' if location.parts else ''}{sha256}{file.suffix}")
    return location


def _into_store(file: Path, location: Location, progress: Progress) -> int | None:
    """Put a file where nothing is yet; return the size of what is there if something is."""
    from fsspec.callbacks import Callback

    class Told(Callback):  # type: ignore[misc]  # fsspec has no types
        def call(self, hook_name: str | None = None, **kwargs: object) -> None:
            progress(self.value, self.size or 0)

    store, path = open_store(location), f"{location.place}/{location.key}"
    with suppress(FileNotFoundError):
        return int(store.info(path)["size"])
    try:
        store.put_file(str(file), path, callback=Told(), chunksize=_PART_BYTES)
    except FileNotFoundError as error:
        raise NotFound(
            f"there is no bucket {location.place!r} ({error}); make it, or name another one"
        ) from error
    return None


def _into_folder(file: Path, location: Location, progress: Progress) -> int | None:
    """Put a file where nothing is yet; return the size of what is there if something is."""
    target = Path("/", *location.parts)
    if target.exists():
        return target.stat().st_size
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    try:
        with os.fdopen(descriptor, "wb") as written, file.open("rb") as read:
            size, done = file.stat().st_size, 0
            while piece := read.read(_PIECE_BYTES):
                written.write(piece)
                progress(done := done + len(piece), size)
        os.chmod(name, _FOR_ALL)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
    return None
