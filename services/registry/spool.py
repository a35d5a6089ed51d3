"""A file that a definition is written to while it is pushed."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from pathlib import Path
from types import TracebackType

from hedgerow.errors import LimitExceeded


class Spool:
    """Takes bytes, counts and hashes them. The file is gone when its `with` is left, however it is."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._limit = limit
        self._file = tempfile.NamedTemporaryFile(dir=folder, prefix="hedgerow-push-")  # noqa: SIM115
        self._digest = hashlib.sha256()
        self.path = Path(self._file.name)
        self.size = 0

    async def write(self, chunk: bytes) -> None:
        """Append bytes. Raises LimitExceeded if that makes it larger than allowed."""
        self.size += len(chunk)
        if self.size > self._limit:
            raise LimitExceeded(
                f"the definition is over this registry's limit of {self._limit} bytes"
            )
        await asyncio.to_thread(self._write, chunk)

    def _write(self, chunk: bytes) -> None:
        self._digest.update(chunk)
        self._file.write(chunk)
        self._file.flush()

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
