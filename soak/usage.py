"""What the processes of a mesh hold: memory, file descriptors, processes, tasks."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

import psutil

from tests.end_to_end.cluster import PARTS, Cluster, left_in

_MIB = 1024 * 1024
_MORE_MEMORY = 1.25
_MORE_MIB = 16
_MORE_FDS = 10
_RECORD_MIB = 0.001
"""Of a record and its score in the log."""
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Usage:
    """Of a part: its process, and all that it has started."""

    mib: float
    """Proportional set size."""
    fds: int
    processes: int


def usage(cluster: Cluster) -> dict[str, Usage]:
    """Return what each part holds, and the log. Reads /proc for each process: not for an event loop."""
    pids = {part: cluster.pids(part) for part in PARTS}
    if cluster.log.pid:
        pids["log"] = {cluster.log.pid}
    return {part: _usage(found) for part, found in pids.items()}


def _usage(pids: set[int]) -> Usage:
    mib, fds, processes = 0.0, 0, 0
    for pid in pids:
        try:
            process = psutil.Process(pid)
            mib += process.memory_full_info().pss / _MIB
            fds += process.num_fds()
        except psutil.Error:  # it has ended meanwhile
            continue
        processes += 1
    return Usage(mib, fds, processes)


def leaks(before: dict[str, Usage], after: dict[str, Usage], records: int = 0) -> list[str]:
    """Return in which part there is more than there may be, in words.

    The log keeps `records`, those of streams with their scores.
    """
    found = []
    for part, was in before.items():
        now = after[part]
        kept = records * _RECORD_MIB if part == "log" else 0.0
        if now.mib > was.mib * _MORE_MEMORY + _MORE_MIB + kept:
            found.append(f"{part}: {was.mib:.0f} MiB before, {now.mib:.0f} after")
        if now.fds > was.fds + _MORE_FDS:
            found.append(f"{part}: {was.fds} file descriptors before, {now.fds} after")
        if now.processes != was.processes:
            found.append(f"{part}: {was.processes} processes before, {now.processes} after")
    return found


async def left_over(cluster: Cluster, seconds: float) -> list[str]:
    """Return which gauges of which part do not come back to nothing within `seconds`."""
    end = time.monotonic() + seconds
    while True:
        left = {part: left_in(await cluster.state(part)) for part in PARTS}
        if not any(left.values()) or time.monotonic() > end:
            return [f"{part}: {gauges} is left" for part, gauges in left.items() if gauges]
        await asyncio.sleep(_POLL_SECONDS)


def still_there(pids: set[int], cluster: Cluster) -> list[str]:
    """Return which of the processes that were started once live on without anybody who wants them."""
    wanted = set().union(*(cluster.pids(part) for part in PARTS))
    return [
        f"process {pid}: {' '.join(psutil.Process(pid).cmdline())[:80]}"
        for pid in sorted(pids - wanted)
        if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    ]
