"""A model of 500 MB is pushed, loaded and pulled: memory beyond what it needs itself."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.figures import Figure
from bench.mesh import Mesh, start_mesh
from bench.models import BenchModel
from bench.payload import DATA_TYPE
from bench.session import Session
from hedgerow.client.registry import AsyncRegistry

_BYTES = 500 * 1000 * 1000
_MIB = 2**20


async def run(session: Session) -> list[Figure]:
    """Push, load, pull; tell for each process how far its memory rose above what it was."""
    with _definition() as file:
        async with start_mesh() as mesh:
            model = BenchModel("large", "constant", file)
            peaks = _Peaks(await _processes(mesh))
            session.say("push and load")
            begun = time.monotonic()
            await mesh.push(model)
            pushed = time.monotonic() - begun
            session.say("pull")
            begun = time.monotonic()
            await _pull(mesh)
            pulled = time.monotonic() - begun
            risen = peaks.risen()
    return [
        Figure("pushed, until it serves", pushed, "s"),
        Figure("pulled", pulled, "s"),
        *(
            Figure(f"{name}, memory at its peak above what it was", mib, "MiB")
            for name, mib in risen
        ),
    ]


@contextmanager
def _definition() -> Iterator[Path]:
    """A model of few words, and very many bytes that mean nothing."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "large.constant.json"
        with file.open("wb") as out:
            out.write(b'{"value": "1", "features": ["alcohol"]}\0')
            for _ in range(_BYTES // _MIB):
                out.write(os.urandom(_MIB))
        yield file


async def _processes(mesh: Mesh) -> dict[str, int]:
    """Return the services by name, and this process, which pushes and pulls."""
    found = {
        name: process.pid
        for name, process in (await mesh.processes()).items()
        if name in ("registry", "router", "executor", "collector")
    }
    return {**found, "client": os.getpid()}


async def _pull(mesh: Mesh) -> None:
    with tempfile.TemporaryFile() as file:
        async with AsyncRegistry(mesh.ports.address("registry")) as registry:
            await registry.pull_model(DATA_TYPE, "large", to=file)
        size = await asyncio.to_thread(lambda: file.seek(0, os.SEEK_END))
        assert size > _BYTES * 0.9


class _Peaks:
    """How much memory processes have, and had at the most since this was made."""

    def __init__(self, pids: dict[str, int]) -> None:
        self._pids = pids
        self._before = {}
        for name, pid in pids.items():
            Path(f"/proc/{pid}/clear_refs").write_text("5")  # VmHWM counts from now on
            self._before[name] = _kib(pid, "VmRSS")

    def risen(self) -> list[tuple[str, float]]:
        """Return by how many MiB the peak of each is above what it was."""
        return [
            (name, (_kib(pid, "VmHWM") - self._before[name]) / 1024)
            for name, pid in self._pids.items()
        ]


def _kib(pid: int, what: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:"))
