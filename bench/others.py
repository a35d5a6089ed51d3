"""How much of the processor somebody else took: figures measured beside other work are worth little."""

from __future__ import annotations

import os
import time

import psutil


class Others:
    """What processes that are not ours took since this was made."""

    def __init__(self) -> None:
        self._begun = time.monotonic()
        self._foreign = _foreign_seconds()

    def share(self) -> float:
        """Return their share of all processors, 0 to 1."""
        cores = os.cpu_count() or 1
        foreign = _foreign_seconds() - self._foreign
        return max(0.0, foreign / (cores * (time.monotonic() - self._begun)))


def _foreign_seconds() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system) - _own_seconds()


def _own_seconds() -> float:
    """Return what this process, all it started and all they started used, those that ended included."""
    me, used = psutil.Process(), 0.0
    for process in (me, *me.children(recursive=True)):
        try:
            used += sum(process.cpu_times()[:4])  # user, system, and both of children that ended
        except psutil.NoSuchProcess:
            continue
    return used
