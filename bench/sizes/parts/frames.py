"""Processor time of a task that has a frame of its own, though all are busy.

That is how tasks travel where many routers and data types thin them out. One call at a time would not tell:
there each process sleeps before each of its steps, and to be woken costs more than the step.
"""

from __future__ import annotations

from bench.load import Load, run_load
from bench.mesh import start_mesh
from bench.models import wine_model
from bench.plans import consensus
from bench.sizes.parts.memory import MODELS
from bench.sizes.parts.processor import requests
from bench.sizes.size import Size

_WARM_UP_SECONDS = 8.0


async def run() -> list[Size]:
    """Tell it for three models, by a router that gathers nothing."""
    async with start_mesh(environment={"HEDGEROW_ROUTER_GATHER_TARGET": "1"}) as mesh:
        for name in MODELS[:3]:
            await mesh.push(wine_model(name))
        await mesh.apply(consensus(MODELS[:3], everybody=True))
        await run_load(Load(mesh.address, 64, _WARM_UP_SECONDS))
        found = await requests(mesh, MODELS[:3], rows=1, clients=64, note=", frames of one")
    return [Size(s.key.replace("processor", "frames"), s.what, s.value, s.unit) for s in found]
