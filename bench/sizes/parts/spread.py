"""Processor time of a call in a mesh of several of each: frames are thinner there.

It holds `bench.growth` against what is so: that reckons how thin frames become, here they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import psutil

from bench.load import Load, run_load
from bench.mesh import Mesh, start_mesh
from bench.models import wine_model
from bench.plans import consensus
from bench.sizes.parts.memory import MODELS
from bench.sizes.processes import processor_seconds, tree
from bench.sizes.size import Size

_SERVICES = ("router", "collector", "executor")
_CLIENTS = 64
_SECONDS = 6.0
_WARM_UP_SECONDS = 8.0
_READY_SECONDS = 60.0


async def run() -> list[Size]:
    """Tell it of one, two and three of each."""
    sizes: list[Size] = []
    async with start_mesh() as mesh:
        for name in MODELS[:3]:
            await mesh.push(wine_model(name))
        await mesh.apply(consensus(MODELS[:3], everybody=True))
        known = await mesh.processes()
        pids = {service: [known[service].pid] for service in _SERVICES}
        routers = [mesh.address]
        for each in (1, 2, 3):
            if each > 1:
                routers += await _one_more(mesh, pids)
            await _load(routers, _WARM_UP_SECONDS)
            sizes += await _measured(each, routers, pids)
    return sizes


async def _one_more(mesh: Mesh, pids: Mapping[str, list[int]]) -> list[str]:
    """Start one more of each service; return the address of the router."""
    started = [mesh.another(service) for service in _SERVICES]
    for process in started:
        await process.start()
        await process.wait_until_ready(_READY_SECONDS)
        pids[process.name].append(process.pid)
    return [process.address for process in started if process.name == "router"]


async def _load(routers: Sequence[str], seconds: float) -> float:
    """Share clients out over routers; return the calls that were answered."""
    clients = _CLIENTS // len(routers)
    loads = [run_load(Load(router, clients, seconds, warm_up=0.0)) for router in routers]
    return sum(seen.requests for seen in await asyncio.gather(*loads))


async def _measured(each: int, routers: Sequence[str], pids: Mapping[str, list[int]]) -> list[Size]:
    services = {
        name: [psutil.Process(pid) for one in known for pid in tree(one)]
        for name, known in pids.items()
    }
    before = {name: _spent(known) for name, known in services.items()}
    calls = await _load(routers, _SECONDS)
    what = f"{each} of each, batches of 1, {_CLIENTS} clients"
    sizes = [Size(f"spread.{each}.rate", f"requests, {what}", calls / _SECONDS, "requests/s")]
    for name, known in services.items():
        micros = (_spent(known) - before[name]) / calls * 1e6
        sizes.append(Size(f"spread.{each}.{name}", f"all {name}s, {what}", micros, "µs a request"))
    return sizes


def _spent(processes: Sequence[psutil.Process]) -> float:
    return sum(processor_seconds({str(p.pid): p for p in processes}).values())
