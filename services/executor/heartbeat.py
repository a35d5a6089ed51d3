"""The heartbeat of a host and what it has done, in memory that host and agent share.

A host that hangs in a native call cannot say so; the agent sees that its heart beats no more. A beat
is one store into mapped memory, so a host can afford one before every batch. Times are CLOCK_MONOTONIC,
which all processes of a machine share.
"""

import mmap
import struct
import time
from pathlib import Path

from services.executor.work_done import WorkDone

_LAYOUT = struct.Struct("<d3Q2dQ")  # last beat, then the fields of WorkDone
_TRIES = _LAYOUT.size  # a byte behind them
_SIZE = _TRIES + 1


class Heartbeat:
    """Shared by one host, which writes, and its agent, which reads."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _SIZE)
        self.work = WorkDone()
        """For the host: what it did so far; told to the agent with the next beat."""

    @staticmethod
    def create(path: Path) -> "Heartbeat":
        """Make the shared file; its host counts as alive from now on."""
        path.write_bytes(_LAYOUT.pack(time.monotonic(), 0, 0, 0, 0.0, 0.0, 0) + b"\0")
        return Heartbeat(path)

    def beat(self) -> None:
        """Write a beat."""
        work = self.work
        _LAYOUT.pack_into(
            self._memory,
            0,
            time.monotonic(),
            work.rows_scored,
            work.rows_dropped,
            work.withheld,
            work.scoring_seconds,
            work.wasted_seconds,
            work.largest_batch,
        )

    def scored(self, rows: int, seconds: float) -> None:
        """Count a batch, and write a beat."""
        work = self.work
        work.rows_scored += rows
        work.scoring_seconds += seconds
        if rows > work.largest_batch:
            work.largest_batch = rows
        self.beat()

    def tries(self, suspects: bool) -> None:
        """Note that records are scored now which may kill the host, or that they are no more."""
        self._memory[_TRIES] = suspects

    @property
    def tries_suspects(self) -> bool:
        """Whether such records are scored, or were when the host died."""
        return bool(self._memory[_TRIES])

    @property
    def silence(self) -> float:
        """Seconds since the last beat."""
        beat: float = _LAYOUT.unpack_from(self._memory, 0)[0]
        return time.monotonic() - beat

    def read(self) -> WorkDone:
        """For the agent: what the host had done by its last beat."""
        _, *counts = _LAYOUT.unpack_from(self._memory, 0)
        return WorkDone(*counts)

    def close(self) -> None:
        """Unmap the memory."""
        self._memory.close()
