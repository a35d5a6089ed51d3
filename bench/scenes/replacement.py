"""From the `kill -9` of a model's only host to the first answer by its replacement.

Each kill counts as the first of its version: those that follow soon after are replaced with pauses.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from statistics import median

from bench.figures import Figure
from bench.mesh import Mesh, start_mesh
from bench.models import BenchModel, constant, wine_model
from bench.payload import DATA_TYPE, records
from bench.plans import alone
from bench.session import Session
from hedgerow import AsyncClient
from hedgerow.errors import NoAnswer, Unavailable

_KILLS = 3
_POLL_SECONDS = 0.002
_CALM_SECONDS = 1.0
_FORGOTTEN = {"HEDGEROW_EXECUTOR_QUARANTINE_WINDOW": "500ms"}
"""A death is forgotten before the next kill."""


async def run(session: Session) -> list[Figure]:
    """Tell it for a model of each kind."""
    models = (constant("constant", "1"), wine_model("wine-tree"), wine_model("wine-net"))
    async with start_mesh(environment=_FORGOTTEN) as mesh, AsyncClient(mesh.address) as client:
        return [await _figure(session, mesh, client, model) for model in models]


async def _figure(session: Session, mesh: Mesh, client: AsyncClient, model: BenchModel) -> Figure:
    await mesh.push(model)
    await mesh.apply(alone(model.name))
    seen: Sequence[float] = []
    for number in range(_KILLS):
        session.say(f"{model.name}, kill {number + 1} of {_KILLS}")
        seen = [*seen, await _replaced(mesh, client, model.name)]
        await asyncio.sleep(_CALM_SECONDS)
    return Figure(f"{model.name} ({model.model_type})", median(seen), "s")


async def _replaced(mesh: Mesh, client: AsyncClient, name: str) -> float:
    """Kill the host and return the seconds until a record has an answer again."""
    (pid,) = await mesh.hosts(name)
    os.kill(pid, signal.SIGKILL)
    begun = time.monotonic()
    while True:
        try:
            await client.score(DATA_TYPE, records()[0])
        except (Unavailable, NoAnswer):
            await asyncio.sleep(_POLL_SECONDS)
        else:
            return time.monotonic() - begun
