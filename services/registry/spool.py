"""A file that a definition is written to while it is pushed."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from pathlib import Path
from types import TracebackType
from typing import IO

from hedgerow.errors import LimitExceeded, Unavailable


class Spool:
    """Takes bytes, counts and hashes them. The file is gone when its `with` is left, however it is."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._limit = limit
        # Unbuffered: what found no room is not to be tried again when the file is closed.
        self._file = tempfile.NamedTemporaryFile(  # noqa: SIM115
            dir=folder, prefix="hedgerow-push-", buffering=0
        )
        self._digest = hashlib.sha256()
        self.path = Path(self._file.name)
        self.size = 0

    async def write(self, chunk: bytes) -> None:
        """Append bytes.

        Raises LimitExceeded if that makes it larger than allowed, and Unavailable if there is no room.
        """
        self.size += len(chunk)
        if self.size > self._limit:
            raise LimitExceeded(
                f"the definition is over this registry's limit of {self._limit} bytes"
            )
        try:
            await asyncio.to_thread(self._write, chunk)
        except OSError as error:
            raise Unavailable(
                f"the registry cannot keep the definition in {self.path.parent} while it is pushed"
                f" ({error.strerror or error}); make room there, or have HEDGEROW_REGISTRY_SPOOL_DIR name"
                " another folder"
            ) from error

    def _write(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        write_all(self._file, chunk)

    @property
    def sha256(self) -> str:
        """Hash of what was written, lower-case hex."""
        return self._digest.hexdigest()

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


def write_all(file: IO[bytes], data: bytes) -> None:
    """Write to a file that is not buffered, which may take a part at a time. Raises OSError."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]
