"""A version is taken back while records flow: from the word to the first answer of the one before it.

The host of the one before has gone by then, so it is loaded again; or it is kept warm.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from statistics import median

from bench.comparisons import failures
from bench.figures import Figure
from bench.load import Load, run_load
from bench.measured import Measured
from bench.mesh import Mesh, start_mesh
from bench.models import BenchModel, wine_model
from bench.payload import DATA_TYPE, records
from bench.plans import following
from bench.session import Session
from hedgerow import AsyncClient

_ALIAS = "champion"
_CLIENTS = 16
_CALM_SECONDS = 1.5
_LOAD_SECONDS = 4.0
_POLL_SECONDS = 0.02


async def run(session: Session) -> list[Figure]:
    """Roll back a PMML model and a SavedModel, cold and warm."""
    found: list[Figure] = []
    async with start_mesh() as mesh, AsyncClient(mesh.address) as client:
        for model in (wine_model("wine-tree"), wine_model("wine-net")):
            rollbacks = await _two_versions(mesh, client, model)
            for warm in (0, 1):
                await mesh.apply(following(model.name, _ALIAS, warm))
                found += await _figures(session, rollbacks, warm)
    return found


async def _two_versions(mesh: Mesh, client: AsyncClient, model: BenchModel) -> _Rollbacks:
    for number in (1, 2):
        await mesh.push(model, f"Number {number}.")
        await mesh.registry.set_alias(DATA_TYPE, model.name, number, _ALIAS)
    return _Rollbacks(mesh, client, model.name)


async def _figures(session: Session, rollbacks: _Rollbacks, warm: int) -> list[Figure]:
    what = f"{rollbacks.name}, {'kept warm' if warm else 'loaded again'}"

    async def one() -> tuple[Measured, float]:
        return await rollbacks.during(
            Load(rollbacks.address, _CLIENTS, seconds=_LOAD_SECONDS), warm
        )

    runs = await session.repeat(what, one)
    loads = [measured for measured, _ in runs]
    answers: Counter[str] = sum((Counter(load.answers) for load in loads), Counter())
    others = answers.keys() - {f"{rollbacks.name}@1", f"{rollbacks.name}@2"}
    return [
        Figure(f"{what}: until the first answer", median(took for _, took in runs), "s"),
        Figure(f"{what}: longest gap", median(load.longest_gap for load in loads), "ms"),
        Figure(f"{what}: answers by other versions", sum(answers[o] for o in others), ""),
        failures(loads),
    ]


class _Rollbacks:
    """Of one model, whose second version is the champion between two measurements."""

    def __init__(self, mesh: Mesh, client: AsyncClient, name: str) -> None:
        self.name = name
        self.address = mesh.address
        self._mesh = mesh
        self._client = client

    async def during(self, load: Load, warm: int) -> tuple[Measured, float]:
        """Roll back while a load runs; return what it saw, and the seconds to the first answer."""
        await self._mesh.registry.set_alias(DATA_TYPE, self.name, 2, _ALIAS)
        await self._hosts(2 if warm else 1)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(run_load(load), name="load")
            await asyncio.sleep(load.warm_up + _CALM_SECONDS)
            took = await self._roll_back()
        return running.result(), took

    async def _hosts(self, count: int) -> None:
        """Wait until so many versions have a host."""
        while len(await self._mesh.hosts(self.name)) != count:  # noqa: ASYNC110 - seconds, rarely
            await asyncio.sleep(_POLL_SECONDS)

    async def _roll_back(self) -> float:
        begun = time.monotonic()
        await self._mesh.registry.rollback_alias(DATA_TYPE, self.name, _ALIAS)
        while True:
            answer = await self._client.score(DATA_TYPE, records()[0])
            if answer.answered_by == f"{self.name}@1":
                return time.monotonic() - begun
