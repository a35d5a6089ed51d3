"""From the start of a process until it is ready, beside a log that runs."""

from __future__ import annotations

import time
from statistics import median

from bench.mesh import Mesh, start_mesh
from bench.models import constant, wine_model
from bench.sizes.parts.memory import MODELS
from bench.sizes.size import Size

_READY_SECONDS = 120.0
_STOP_SECONDS = 8.0
_RUNS = 3
_SERVICES = ("registry", "collector", "router")


async def run() -> list[Size]:
    """Tell it of each service, and of executors with some models."""
    sizes = []
    async with start_mesh() as mesh:
        for service in _SERVICES:
            seconds = median([await _ready(mesh, service) for _ in range(_RUNS)])
            sizes.append(Size(f"start.{service}", service, seconds, "s"))
        sizes.append(await _executor(mesh, "no model", 0))
        for number in range(20):
            await mesh.push(constant(f"constant-{number}", value="1"))
        sizes.append(await _executor(mesh, "20 constant models", 20))
    for number in (1, 3, 5):
        async with start_mesh() as mesh:
            for name in MODELS[:number]:
                await mesh.push(wine_model(name))
            what = "the five models of the example" if number == 5 else f"{number} PMML"
            sizes.append(await _executor(mesh, what, number))
    return sizes


async def _executor(mesh: Mesh, what: str, models: int) -> Size:
    seconds = median([await _ready(mesh, "executor") for _ in range(_RUNS)])
    return Size(f"start.executor.{models}", f"executor, {what}", seconds, "s")


async def _ready(mesh: Mesh, service: str) -> float:
    """Return the seconds from the start of another process of a service until it is ready."""
    process, begun = mesh.another(service), time.monotonic()
    await process.start()
    await process.wait_until_ready(_READY_SECONDS)
    seconds = time.monotonic() - begun
    await process.stop(_STOP_SECONDS)
    return seconds
