"""Files of this machine, or of a file system that it shares with others."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path
from typing import BinaryIO

from hedgerow.errors import InvalidModel
from hedgerow.locations.location import Location, listed
from hedgerow.locations.stores import told

_READ_BYTES = 1024**2


async def read(location: Location, allowed: Iterable[Location]) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of a file. Raises InvalidModel if a link leads out of what is allowed, NotFound."""
    folders = [folder for folder in allowed if folder.scheme == "file"]
    with told(location):
        file = await asyncio.to_thread(_open, location, folders)
        try:
            while piece := await asyncio.to_thread(file.read, _READ_BYTES):
                yield piece
        finally:
            file.close()


def _open(location: Location, folders: Iterable[Location]) -> BinaryIO:
    path = _path(location).resolve(strict=True)
    if not any(path.is_relative_to(_path(folder).resolve()) for folder in folders):
        raise InvalidModel(f"{location} is a link that leads out of {listed(folders)}")
    # Without waiting for somebody to write, if it is a pipe; nor through a link that has just been made.
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise FileNotFoundError("what is there is no file")
        return os.fdopen(number, "rb", buffering=0)
    except BaseException:
        os.close(number)
        raise


def _path(location: Location) -> Path:
    return Path("/", *location.parts)
