"""Signs of life of a host, in memory that host and agent share.

A host that hangs in a native call cannot say so; the agent reads its last sign of life instead. A sign
is one store into mapped memory, so a host can afford one before every batch. Times are CLOCK_MONOTONIC,
which all processes of a machine share.
"""

import mmap
import struct
import time
from pathlib import Path

_LAYOUT = struct.Struct("<dQQ")  # last sign of life, batches scored, rows scored


class Vitals:
    """Shared by one host, which writes, and its agent, which reads."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _LAYOUT.size)
        self._batches = 0
        self._rows = 0

    @staticmethod
    def create(path: Path) -> "Vitals":
        """Make the shared file; its host counts as alive from now on."""
        path.write_bytes(_LAYOUT.pack(time.monotonic(), 0, 0))
        return Vitals(path)

    def beat(self) -> None:
        """Give a sign of life."""
        _LAYOUT.pack_into(self._memory, 0, time.monotonic(), self._batches, self._rows)

    def scored(self, rows: int) -> None:
        """Count a batch, and give a sign of life."""
        self._batches += 1
        self._rows += rows
        self.beat()

    @property
    def silence(self) -> float:
        """Seconds since the last sign of life."""
        beat: float = _LAYOUT.unpack_from(self._memory, 0)[0]
        return time.monotonic() - beat

    @property
    def rows(self) -> int:
        """Rows scored so far."""
        rows: int = _LAYOUT.unpack_from(self._memory, 0)[2]
        return rows

    def close(self) -> None:
        """Unmap the memory."""
        self._memory.close()
