"""Files that a command writes: they have their name once they are whole."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast


@contextmanager
def written(target: Path) -> Iterator[BinaryIO]:
    """Give the file to write to. Raises InvalidInput if it cannot be written."""
    with _telling(str(target)), _opened(target) as file:
        yield cast(BinaryIO, file)


@contextmanager
def to_stdout() -> Iterator[BinaryIO]:
    """Give stdout to write to, all of which is written afterwards. Raises InvalidInput if it cannot be."""
    try:
        with _telling("stdout"):
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
    except BaseException:
        stdout_is_gone()
        raise


def stdout_is_gone() -> None:
    """Have Python not try again, at its end, to write what could not be written, and tell of that."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def _telling(name: str) -> Iterator[None]:
    """Raise InvalidInput if a file cannot be written; but not for a pipe of which the reader has enough."""
    from hedgerow.errors import InvalidInput

    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InvalidInput(f"cannot write {name}: {error.strerror or error}") from error


def _opened(target: Path) -> AbstractContextManager[IO[bytes]]:
    from hedgerow.backups.files import replacing

    if target.exists() and not target.is_file():  # a pipe or a device stays what it is
        return target.open("wb")
    return replacing(target.resolve())
