"""The heartbeat of a host and what its models have done, in memory that host and agent share.

A host that hangs in a native call cannot say so; the agent sees that its heart beats no more. A beat
is one store into mapped memory, so a host can afford one before every batch. Times are CLOCK_MONOTONIC,
which all processes of a machine share.

Each value is a number of eight bytes at a multiple of eight, written and read by one instruction. Not by
`struct`, which fills its bytes with zeros first: an agent that looked in just that moment saw a heart that
had not beaten since the machine was started, and killed a host that was busy.
"""

import mmap
import time
from collections.abc import Sequence
from pathlib import Path

from services.executor.work_done import WorkDone

_BYTES = 8
_BEAT, _TRIES, _CALLED = range(3)
"""Where the last beat is, whether suspects are tried, and the model that is called (from 1; 0: none)."""
_HEADER = 3
_WORK = 7
"""Then come the fields of WorkDone, for each model."""


class Heartbeat:
    """Shared by one host, which writes, and its agent, which reads."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)
        self._view = memoryview(self._memory)
        self._counts = self._view.cast("Q")
        self._seconds = self._view.cast("d")
        """The same memory."""
        models = (len(self._counts) - _HEADER) // _WORK
        self.works = [WorkDone() for _ in range(models)]
        """For the host: what each model did so far; told to the agent with the next beat."""

    @staticmethod
    def create(path: Path, models: int = 1) -> "Heartbeat":
        """Make the shared file of a host of so many models; it counts as alive from now on."""
        path.write_bytes(bytes((_HEADER + models * _WORK) * _BYTES))
        made = Heartbeat(path)
        made.beat()
        return made

    def beat(self) -> None:
        """Write a beat, and all that was done."""
        for model in range(len(self.works)):
            self._write(model)
        self._seconds[_BEAT] = time.monotonic()

    def scores(self, model: int) -> None:
        """Note that a model is called now, and write a beat."""
        self._counts[_CALLED] = model + 1
        self._seconds[_BEAT] = time.monotonic()

    def scored(self, model: int, rows: int, tasks: int, seconds: float) -> None:
        """Count what a model scored, rows of so many tasks, and write a beat."""
        self.works[model].scored(rows, tasks, seconds)
        self._write(model)
        self._counts[_CALLED] = 0
        self._seconds[_BEAT] = time.monotonic()

    def tries(self, suspects: bool) -> None:
        """Note that records are scored now which may kill the host, or that they are no more."""
        self._counts[_TRIES] = suspects

    @property
    def tries_suspects(self) -> bool:
        """Whether such records are scored, or were when the host died."""
        return bool(self._counts[_TRIES])

    @property
    def scoring(self) -> int | None:
        """The model that is called, or was when the host died; None: none."""
        model = self._counts[_CALLED]
        return model - 1 if model else None

    @property
    def silence(self) -> float:
        """Seconds since the last beat."""
        return time.monotonic() - self._seconds[_BEAT]

    def read(self) -> Sequence[WorkDone]:
        """For the agent: what each model had done by the last beat."""
        counts, seconds = self._counts, self._seconds
        starts = range(_HEADER, _HEADER + len(self.works) * _WORK, _WORK)
        return [
            WorkDone(*counts[at : at + 3], *seconds[at + 3 : at + 5], *counts[at + 5 : at + 7])
            for at in starts
        ]

    def close(self) -> None:
        """Unmap the memory."""
        for view in (self._counts, self._seconds, self._view):
            view.release()
        self._memory.close()

    def _write(self, model: int) -> None:
        work, at = self.works[model], _HEADER + model * _WORK
        counts, seconds = self._counts, self._seconds
        counts[at] = work.rows_scored
        counts[at + 1] = work.rows_dropped
        counts[at + 2] = work.withheld
        seconds[at + 3] = work.scoring_seconds
        seconds[at + 4] = work.wasted_seconds
        counts[at + 5] = work.largest_batch
        counts[at + 6] = work.tasks
