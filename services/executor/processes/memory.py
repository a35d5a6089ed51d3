"""Ends hosts that take too much memory, before the kernel ends what it likes.

A container that reaches its limit has a process of the kernel's choice killed, and under Kubernetes with
cgroup v2 all of its processes at once, agent and other hosts with it. So the agent looks itself: a host
may have so much, and where the container's own limit comes near one host goes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from time import monotonic

from services.executor.processes.host_process import HostProcess, State, kill

LOOK_SECONDS = 0.05
"""How often hosts are looked at. One that fills its memory as it loads does so by a gigabyte a second."""

_FRESH_SECONDS = 5.0
"""For so long what a host has is told without another look."""
_MIB = 2**20
_RESERVE = 8
"""Of the container's limit an eighth is kept free: a model that loads takes that much between two looks."""
_UNLIMITED = 2**60
"""Version 1 of cgroups says so by a number near the largest there is."""


class Container:
    """The memory limit of the container we are in, and what is used of it."""

    def __init__(self, root: Path = Path("/sys/fs/cgroup")) -> None:
        version_1 = root / "memory"
        folder, limit, self._used, self._prefix = (
            (version_1, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_")
            if version_1.is_dir()
            else (root, "memory.max", "memory.current", "")
        )
        self._folder = folder
        said = _number(folder / limit)
        self.limit = said if said < _UNLIMITED else 0
        """Bytes; 0 if there is none."""

    def is_nearly_full(self) -> bool:
        """Tell whether little is left, files in memory not counted: those give way."""
        return bool(self.limit) and self._needed() > self.limit - self.limit // _RESERVE

    def _needed(self) -> int:
        used = _number(self._folder / self._used)
        files = {f"{self._prefix}{name}" for name in ("active_file", "inactive_file")}
        with contextlib.suppress(OSError):
            for line in (self._folder / "memory.stat").read_text().splitlines():
                name, _, value = line.partition(" ")
                used -= int(value) if name in files else 0
        return used


class MemoryGuard:
    """Looks at what hosts have, again and again."""

    def __init__(self, host_limit: int, container: Container) -> None:
        """A host may have `host_limit` bytes for itself; 0: there is no such limit."""
        self._limit = host_limit
        self._container = container

    @property
    def has_limit(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self._limit or self._container.limit)

    def look(self, hosts: Iterable[HostProcess]) -> None:
        """Kill hosts that have more than they may, and one if the container is nearly full."""
        living = [host for host in hosts if host.pid]
        if self._limit:
            for host in living:
                if (has := _private_bytes_above(self._limit, host.pid)) is not None:
                    _end(host, has, f"{_mib(self._limit)} are allowed (host_memory_bytes)")
        # One that was killed has not given its memory back yet; another need not follow.
        if living and not any(host.death for host in living) and self._container.is_nearly_full():
            host = _to_blame(living)
            said = f"the container's limit of {_mib(self._container.limit)} was near; raise it"
            _end(host, private_bytes(host.pid), said)


class Looked:
    """Remembers for some seconds what processes have: the exact figure costs milliseconds a process."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._seen: dict[int, tuple[float, int]] = {}

    def private_bytes(self, pids: Collection[int]) -> dict[int, int]:
        """Return the memory that each process alone has."""
        now = self._clock()
        known = {p: s for p, s in self._seen.items() if p in pids and now - s[0] < _FRESH_SECONDS}
        for pid in pids:
            known.setdefault(pid, (now, private_bytes(pid)))
        self._seen = known
        return {pid: seen for pid, (_, seen) in known.items()}


def private_bytes(pid: int) -> int:
    """Return the memory that a process alone has, so what its end gives back; 0 if it is gone."""
    total = 0
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(("Private_Clean:", "Private_Dirty:", "Swap:")):
                total += int(line.split()[1]) * 1024
    return total


def _private_bytes_above(limit: int, pid: int) -> int | None:
    """Return what a process alone has if it is more than the limit.

    The exact figure costs milliseconds, so first the one that costs nothing: that counts what the host
    shares with its fork server, too, and is never less.
    """
    if _anonymous_bytes(pid) <= limit:
        return None
    has = private_bytes(pid)
    return has if has > limit else None


def _anonymous_bytes(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def _to_blame(hosts: Sequence[HostProcess]) -> HostProcess:
    """Return the host that came last of those that load, for the others fitted; else the largest."""
    loading = [host for host in hosts if host.state is State.LOADING]
    if loading:
        return max(loading, key=lambda host: host.forked)
    return max(hosts, key=lambda host: private_bytes(host.pid))


def _end(host: HostProcess, has: int, said: str) -> None:
    reason = f"memory: it had {_mib(has)}, and {said}"
    kill(host, "a host has too much memory and is killed", reason)


def _number(file: Path) -> int:
    """Return a number, 0 where there is none or it says `max`."""
    try:
        said = file.read_text().strip()
    except OSError:
        return 0
    return int(said) if said.isdecimal() else 0


def _mib(count: int) -> str:
    return f"{count / _MIB:.0f} MiB"
