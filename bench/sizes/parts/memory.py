"""Memory and threads of every process: idle, under load, at the most, and while all versions are replaced.

The mesh has the example: three PMML models, a SavedModel and a frozen graph.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

import psutil

from bench.load import Load, run_load
from bench.mesh import Mesh, start_mesh
from bench.models import wine_model
from bench.plans import consensus
from bench.sizes.processes import (
    Memory,
    highest_pod,
    highest_resident,
    idle_share,
    pod,
    threads,
    tree,
)
from bench.sizes.size import Size

MODELS = ("wine-tree", "wine-logistic", "wine-boosting", "wine-net", "wine-graph")

_SETTLE_SECONDS = 3.0
_IDLE_SECONDS = 20.0
_LOADS = ((64, 6.0, 1), (16, 6.0, 256), (4, 6.0, 16384))
"""Clients, seconds, records of a batch."""

_Processes = Mapping[str, psutil.Process]


async def run() -> list[Size]:
    """Tell it."""
    async with start_mesh() as mesh:
        for name in MODELS:
            await mesh.push(wine_model(name))
        await mesh.apply(consensus(MODELS, everybody=True))
        await asyncio.sleep(_SETTLE_SECONDS)
        processes = {_key(name): process for name, process in (await mesh.processes()).items()}
        agent = processes["executor"].pid
        shares = await idle_share(processes, _IDLE_SECONDS)
        idle = {name: Memory.of(process.pid) for name, process in processes.items()}
        sizes = [_pod("idle", "idle", pod(tree(agent))[0])]
        loaded = await _loaded(mesh, processes)
        own, files = pod(tree(agent))
        sizes += [_pod("load", "under load", own), _pod("files", "program files", files)]
        for name, process in processes.items():
            sizes += _sizes(name, process.pid, idle[name], loaded[name], shares[name])
        async with highest_pod(agent) as seen:
            await _replace_all(mesh)
        return [*sizes, _pod("replaced", "while all five are replaced at once", seen[0])]


async def _loaded(mesh: Mesh, processes: _Processes) -> dict[str, Memory]:
    """Return the most private memory that each process was seen with under load."""
    found: dict[str, Memory] = {}
    for clients, seconds, rows in _LOADS:
        load = asyncio.create_task(run_load(Load(mesh.address, clients, seconds, rows)))
        await asyncio.sleep(seconds)
        for name, process in processes.items():
            now = Memory.of(process.pid)
            if name not in found or now.private > found[name].private:
                found[name] = now
        await load
    return found


async def _replace_all(mesh: Mesh) -> None:
    """Have a new version of each model, under load."""
    load = asyncio.create_task(run_load(Load(mesh.address, clients=16, seconds=15.0)))
    await asyncio.gather(*(mesh.push(wine_model(name), "the same again") for name in MODELS))
    await load


def _sizes(name: str, pid: int, idle: Memory, loaded: Memory, share: float) -> list[Size]:
    return [
        Size(f"memory.{name}.idle", f"{name}, idle, private", idle.private, "MiB"),
        Size(f"memory.{name}.load", f"{name}, under load, private", loaded.private, "MiB"),
        Size(f"memory.{name}.anonymous", f"{name}, anonymous", loaded.anonymous, "MiB"),
        Size(f"memory.{name}.peak", f"{name}, resident at the most", highest_resident(pid), "MiB"),
        Size(f"memory.{name}.threads", f"{name}, threads", threads(pid), ""),
        Size(f"memory.{name}.idle-core", f"{name}, idle", 100 * share, "% of a core"),
    ]


def _pod(key: str, when: str, mib: float) -> Size:
    return Size(f"memory.pod.executor.{key}", f"executor with all it started, {when}", mib, "MiB")


def _key(name: str) -> str:
    """Return the short name of a process: `router`, `host.wine-tree`, `fork-server.pmml`."""
    if found := re.match(r"host of (.*)@", name):
        return f"host.{found[1]}"
    if found := re.match(r"executor's fork server \((\w+)", name):
        return f"fork-server.{found[1]}"
    return "resource-tracker" if "resource_tracker" in name else name
