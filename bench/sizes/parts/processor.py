"""Processor time of a request in each process, by how many models there are and how large batches are."""

from __future__ import annotations

from collections.abc import Sequence

import psutil

from bench.load import Load, run_load
from bench.mesh import Mesh, start_mesh
from bench.models import constant, wine_model
from bench.plans import consensus
from bench.sizes.parts.memory import MODELS
from bench.sizes.processes import processor_seconds
from bench.sizes.size import Size

_SECONDS = 5.0
_WARM_UP_SECONDS = 5.0
_LOADS = ((1, 64), (256, 4), (4096, 2))
"""Records of a batch, clients."""
_MICRO = 1e6


async def run() -> list[Size]:
    """Tell it for one, three and five models, and for calls that are refused."""
    sizes = []
    async with start_mesh() as mesh:
        for name in MODELS:
            await mesh.push(wine_model(name))
        for count in (1, 3, 5):
            await mesh.apply(consensus(MODELS[:count], everybody=True))
            for rows, clients in _LOADS:
                await run_load(Load(mesh.address, clients, _WARM_UP_SECONDS, rows))
                sizes += await requests(mesh, MODELS[:count], rows, clients)
        await mesh.apply(consensus(MODELS[:3], everybody=True))
        sizes += await requests(mesh, MODELS[:3], rows=1, clients=1)
    return [*sizes, await _refused()]


async def requests(
    mesh: Mesh, models: Sequence[str], rows: int, clients: int, note: str = ""
) -> list[Size]:
    """Return the microseconds of a request in the router, the collector and each host of the models."""
    processes = await mesh.processes()
    before = processor_seconds(processes)
    # No warm-up in the load itself: what it would do is not counted as answered, and costs all the same.
    seen = await run_load(Load(mesh.address, clients, _SECONDS, rows, warm_up=0.0))
    after = processor_seconds(processes)
    spent = {name: (after[name] - before[name]) / seen.requests * _MICRO for name in processes}
    where = f"{len(models)} models, batches of {rows}, {clients} clients{note}"
    key = f"processor.{len(models)}-models.{rows}-rows.{clients}-clients"
    sizes = [Size(f"{key}.rate", f"requests, {where}", seen.rate, "requests/s")]
    for name, micros in spent.items():
        short = "host." + name[8:].split("@")[0] if name.startswith("host of ") else name
        if short in ("router", "collector") or short[5:] in models:
            sizes.append(Size(f"{key}.{short}", f"{short}, {where}", micros, "µs a request"))
    return sizes


async def _refused() -> Size:
    """Return the router's time for a call that it refuses: one is in flight, and no more may be."""
    async with start_mesh(environment={"HEDGEROW_ROUTER_MAX_IN_FLIGHT": "1"}) as mesh:
        slow = constant("slow", value="1", delay_seconds=1.0)
        await mesh.push(slow)
        await mesh.apply(consensus((slow.name,)))
        router: psutil.Process = (await mesh.processes())["router"]
        before = processor_seconds({"router": router})["router"]
        seen = await run_load(Load(mesh.address, 16, _SECONDS, warm_up=0.0))
        spent = processor_seconds({"router": router})["router"] - before
    micros = spent / seen.failed * _MICRO
    return Size("processor.refused.router", "router, a call that is refused", micros, "µs")
