"""The folder of a local mesh: the log's data, models, the logs of the services. One mesh at a time."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from hedgerow.errors import Unavailable


def default_folder() -> Path:
    """Where `hedgerow up` keeps a user's mesh: `$XDG_DATA_HOME/hedgerow` (~/.local/share/hedgerow)."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "hedgerow"


class Folder:
    """The places of a mesh."""

    def __init__(self, path: Path, scratch: Path) -> None:
        self.path = path.resolve()
        self.scratch = scratch
        """For what the services need only while they run; their TMPDIR. Gone afterwards."""
        self.log = self.path / "log"
        self.models = self.path / "models"
        self.state = self.path / "state"
        self.logs = self.path / "logs"

    def log_file(self, service: str) -> Path:
        """Where a service's log lines go."""
        return self.logs / f"{service}.log"

    def make(self) -> None:
        """Make what is not there."""
        for folder in (self.log, self.models, self.state, self.logs):
            folder.mkdir(parents=True, exist_ok=True)


@contextmanager
def open_folder(path: Path) -> Iterator[Folder]:
    """Use a folder, made if need be, alone. Raises Unavailable if another mesh uses it."""
    with ExitStack() as stack:
        try:
            path.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context((path / "mesh.lock").open("a+"))
            _take(lock, path)
            # Not in the folder: a socket's path may have no more than some 100 characters.
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="hedgerow-tmp-"))
            folder = Folder(path, Path(scratch))
            folder.make()
        except OSError as error:
            reason = error.strerror or error
            raise Unavailable(
                f"cannot keep data in {path}: {reason}; choose another --data-dir"
            ) from error
        yield folder


def _take(lock: TextIO, path: Path) -> None:
    """Lock the folder for as long as the file is open, and write there whose it is."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        raise Unavailable(
            f"{path} is in use by another `hedgerow up` (process {lock.read().strip()});"
            " stop it, or choose another --data-dir"
        ) from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()


@contextmanager
def temporary_folder() -> Iterator[Folder]:
    """Use a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="hedgerow-") as path, open_folder(Path(path)) as folder:
        yield folder
