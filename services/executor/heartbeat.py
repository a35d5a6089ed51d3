"""The heartbeat of a host and what its models have done, in memory that host and agent share.

A host that hangs in a native call cannot say so; the agent sees that its heart beats no more. A beat
is one store into mapped memory, so a host can afford one before every batch. Times are CLOCK_MONOTONIC,
which all processes of a machine share.
"""

import mmap
import struct
import time
from collections.abc import Sequence
from pathlib import Path

from services.executor.work_done import WorkDone

_HEADER = struct.Struct(
    "<dBxH4x"
)  # last beat, whether it tries suspects, the model called (from 1)
_TRIES, _SCORES = 8, 10  # where those are
_WORK = struct.Struct("<3Q2d2Q")  # the fields of WorkDone, for each model


class Heartbeat:
    """Shared by one host, which writes, and its agent, which reads."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)
        models = (len(self._memory) - _HEADER.size) // _WORK.size
        self.works = [WorkDone() for _ in range(models)]
        """For the host: what each model did so far; told to the agent with the next beat."""

    @staticmethod
    def create(path: Path, models: int = 1) -> "Heartbeat":
        """Make the shared file of a host of so many models; it counts as alive from now on."""
        path.write_bytes(_HEADER.pack(time.monotonic(), False, 0) + bytes(models * _WORK.size))
        return Heartbeat(path)

    def beat(self) -> None:
        """Write a beat, and all that was done."""
        for model in range(len(self.works)):
            self._write(model)
        self._beat()

    def scores(self, model: int) -> None:
        """Note that a model is called now, and write a beat."""
        struct.pack_into("<H", self._memory, _SCORES, model + 1)
        self._beat()

    def scored(self, model: int, rows: int, tasks: int, seconds: float) -> None:
        """Count what a model scored, rows of so many tasks, and write a beat."""
        self.works[model].scored(rows, tasks, seconds)
        self._write(model)
        struct.pack_into("<H", self._memory, _SCORES, 0)
        self._beat()

    def tries(self, suspects: bool) -> None:
        """Note that records are scored now which may kill the host, or that they are no more."""
        self._memory[_TRIES] = suspects

    @property
    def tries_suspects(self) -> bool:
        """Whether such records are scored, or were when the host died."""
        return bool(self._memory[_TRIES])

    @property
    def scoring(self) -> int | None:
        """The model that is called, or was when the host died; None: none."""
        model: int = struct.unpack_from("<H", self._memory, _SCORES)[0]
        return model - 1 if model else None

    @property
    def silence(self) -> float:
        """Seconds since the last beat."""
        beat: float = _HEADER.unpack_from(self._memory, 0)[0]
        return time.monotonic() - beat

    def read(self) -> Sequence[WorkDone]:
        """For the agent: what each model had done by the last beat."""
        return [
            WorkDone(*_WORK.unpack_from(self._memory, _at(model)))
            for model in range(len(self.works))
        ]

    def close(self) -> None:
        """Unmap the memory."""
        self._memory.close()

    def _beat(self) -> None:
        struct.pack_into("<d", self._memory, 0, time.monotonic())

    def _write(self, model: int) -> None:
        work = self.works[model]
        _WORK.pack_into(
            self._memory,
            _at(model),
            work.rows_scored,
            work.rows_dropped,
            work.withheld,
            work.scoring_seconds,
            work.wasted_seconds,
            work.largest_batch,
            work.tasks,
        )


def _at(model: int) -> int:
    return _HEADER.size + model * _WORK.size
