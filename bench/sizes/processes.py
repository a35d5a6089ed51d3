"""What the kernel says of a process: memory, its highest, threads, processor time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.sizes.size import MIB

_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Memory:
    """MiB of a process."""

    private: float
    anonymous: float
    resident: float
    own: float
    """Its share of what cannot be dropped: summed over a pod, what counts against the pod's limit."""
    files: float
    """Its share of program files."""

    @classmethod
    def of(cls, pid: int) -> Memory:
        """Read it. Raises OSError if the process is gone."""
        fields = _fields(f"/proc/{pid}/smaps_rollup")
        return cls(
            private=fields["Private_Clean"] + fields["Private_Dirty"],
            anonymous=fields["Anonymous"],
            resident=fields["Rss"],
            own=fields["Pss_Anon"] + fields["Pss_Shmem"],
            files=fields["Pss_File"],
        )


def highest_resident(pid: int) -> float:
    """Return the most MiB that were resident since the process began, or since `forget_highest`."""
    return _fields(f"/proc/{pid}/status")["VmHWM"]


def forget_highest(pid: int) -> None:
    """Begin `highest_resident` anew."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def threads(pid: int) -> int:
    """Return how many threads a process has."""
    return psutil.Process(pid).num_threads()


def processor_seconds(processes: Mapping[str, psutil.Process]) -> dict[str, float]:
    """Return what each has used so far."""
    taken = {name: process.cpu_times() for name, process in processes.items()}
    return {name: times.user + times.system for name, times in taken.items()}


async def idle_share(processes: Mapping[str, psutil.Process], seconds: float) -> dict[str, float]:
    """Return how much of a core each takes while nothing is asked of it, 0 to 1."""
    before = processor_seconds(processes)
    await asyncio.sleep(seconds)
    after = processor_seconds(processes)
    return {name: (after[name] - before[name]) / seconds for name in processes}


def pod(pids: Iterable[int]) -> tuple[float, float]:
    """Return the MiB that processes have together: what cannot be dropped, and program files."""
    found = []
    for pid in pids:
        with contextlib.suppress(OSError):  # it has ended meanwhile
            found.append(Memory.of(pid))
    return sum(memory.own for memory in found), sum(memory.files for memory in found)


@asynccontextmanager
async def highest_pod(pid: int) -> AsyncIterator[list[float]]:
    """Give the most MiB that a process and all it has started had together, in a list of one."""
    seen = [0.0]

    async def look() -> None:
        while True:
            seen[0] = max(seen[0], (await asyncio.to_thread(lambda: pod(tree(pid))))[0])
            await asyncio.sleep(_LOOK_SECONDS)

    looking = asyncio.create_task(look(), name="highest memory")
    try:
        yield seen
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)


def tree(pid: int) -> list[int]:
    """Return a process and all it has started."""
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


def pss(roots: Iterable[int]) -> float:
    """Return the MiB of processes and all they have started, each with its share of what they share."""
    pids = {pid for root in roots for pid in tree(root)}
    return sum(psutil.Process(pid).memory_full_info().pss for pid in pids) / MIB


def _fields(file: str) -> dict[str, float]:
    """Return the lines `name: number kB` of a file, in MiB."""
    found = {}
    for line in Path(file).read_text(encoding="ascii").splitlines():
        name, _, said = line.partition(":")
        if said.endswith(" kB"):
            found[name] = int(said.split()[0]) * 1024 / MIB
    return found
