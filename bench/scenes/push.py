"""New versions of the very model that all answers wait for are pushed while records flow."""

from __future__ import annotations

import asyncio
import time
from statistics import median

from bench.comparisons import failures
from bench.figures import Figure, Target, compared
from bench.load import Load, run_load
from bench.measured import Measured
from bench.mesh import Mesh, start_mesh
from bench.models import wine_model
from bench.plans import best
from bench.session import Session

_MODELS = ("wine-net", "wine-logistic", "wine-boosting")
_CLIENTS = 16
_EVERY_SECONDS = 5.0
_PUSHES = 2
"""In each measurement, which is as long as they take."""


async def run(session: Session) -> list[Figure]:
    """Compare the load with pushes with the same load without."""
    async with start_mesh() as mesh:
        for name in _MODELS:
            await mesh.push(wine_model(name))
        await mesh.apply(best(_MODELS))
        load = Load(mesh.address, _CLIENTS, seconds=_PUSHES * _EVERY_SECONDS)
        session.say("warm up")
        await run_load(load)
        pushes = _Pushes(mesh)

        async def pair() -> tuple[Measured, Measured]:
            return await run_load(load), await pushes.during(load)

        return _figures(await session.repeat("without and with pushes", pair), pushes)


class _Pushes:
    """Pushes a model again and again, each time as a new version."""

    def __init__(self, mesh: Mesh) -> None:
        self.durations: list[float] = []
        """Seconds from each push until the router had a host of it."""
        self._mesh = mesh
        self._number = 1

    async def during(self, load: Load) -> Measured:
        """Push while the load runs, and return what the load saw."""
        async with asyncio.TaskGroup() as group:
            running = group.create_task(run_load(load), name="load")
            await asyncio.sleep(load.warm_up + _EVERY_SECONDS / 2)
            for _ in range(_PUSHES):
                group.create_task(self._push(), name="push")
                await asyncio.sleep(_EVERY_SECONDS)
        return running.result()

    async def _push(self) -> None:
        self._number += 1
        begun = time.monotonic()
        await self._mesh.push(wine_model("wine-net"), f"Pushed under load, {self._number}.")
        self.durations.append(time.monotonic() - begun)


def _figures(pairs: list[tuple[Measured, Measured]], pushes: _Pushes) -> list[Figure]:
    pushed = [with_pushes for _, with_pushes in pairs]
    versions = {name for m in pushed for name in m.answers if name.startswith("wine-net@")}
    gaps = [(a.longest_gap, b.longest_gap) for a, b in pairs]
    return [
        failures(pushed),
        Figure("versions of wine-net that answered", len(versions), ""),
        Figure("from a push until it serves", median(pushes.durations), "s"),
        compared("with pushes", "requests/s", [(a.rate, b.rate) for a, b in pairs]),
        compared("with pushes, p50", "ms", [(a.p50, b.p50) for a, b in pairs]),
        compared(
            "with pushes, p99", "ms", [(a.p99, b.p99) for a, b in pairs], Target(2, at_most=True)
        ),
        compared("with pushes, longest gap between answers", "ms", gaps),
    ]
