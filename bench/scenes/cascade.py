"""A cascade beside asking everybody: a tree first, gradient boosting for the records it is not sure of."""

from __future__ import annotations

import csv
from dataclasses import dataclass

from bench.comparisons import failures
from bench.figures import Figure, compared
from bench.load import Load, run_load
from bench.measured import Measured
from bench.mesh import Mesh, Work, start_mesh
from bench.models import wine_model
from bench.payload import DATA_TYPE, WINE, records
from bench.plans import confident
from bench.session import Session
from hedgerow import AsyncClient

_CHEAP, _EXPENSIVE = "wine-tree", "wine-boosting"
_SURE = 0.95
_CLIENTS = 4
_BATCH = 256


@dataclass(frozen=True, slots=True)
class _Seen:
    measured: Measured
    work: Work

    @property
    def reached(self) -> float:
        """Percent of the records that the expensive model scored."""
        return 100 * self.work.scored[_EXPENSIVE] / max(1, self.work.scored[_CHEAP])


async def run(session: Session) -> list[Figure]:
    """Compare them in batches, and with the tree alone; tell how many of the held-out wines are right."""
    models = (_CHEAP, _EXPENSIVE)
    plans = {
        "the tree alone": confident((_CHEAP,), _SURE),
        "all at once": confident(models, 1.0),
        "cascade": confident(models, _SURE, cascade=True),
    }
    async with start_mesh() as mesh:
        for name in models:
            await mesh.push(wine_model(name))
        right = {}
        for name, plan in plans.items():
            await mesh.apply(plan)
            right[name] = await _accuracy(mesh)
        load = Load(mesh.address, _CLIENTS, session.seconds, _BATCH)
        session.say("warm up")
        await run_load(load)

        async def pair() -> tuple[_Seen, _Seen]:
            await mesh.apply(plans["all at once"])
            at_once = await _seen(mesh, load)
            await mesh.apply(plans["cascade"])
            return at_once, await _seen(mesh, load)

        pairs = await session.repeat("all at once and cascade", pair)
    rates = [(a.measured.row_rate, b.measured.row_rate) for a, b in pairs]
    reached = [(a.reached, b.reached) for a, b in pairs]
    return [
        compared("records that the boosting scored", "%", reached),
        compared(f"batches of {_BATCH}, {_CLIENTS} clients", "records/s", rates),
        compared("right of the held-out wines", "%", [(right["all at once"], right["cascade"])]),
        Figure("right of the held-out wines, the tree alone", right["the tree alone"], "%"),
        failures([seen.measured for pair_of in pairs for seen in pair_of]),
    ]


async def _seen(mesh: Mesh, load: Load) -> _Seen:
    before = await mesh.work()
    measured = await run_load(load)
    return _Seen(measured, (await mesh.work()).since(before))


async def _accuracy(mesh: Mesh) -> float:
    """Return the percentage of the held-out wines that are told right."""
    with (WINE / "truth.csv").open(newline="", encoding="utf-8") as file:
        truth = [row["class"] for row in csv.DictReader(file)]
    async with AsyncClient(mesh.address) as client:
        answers = await client.score(DATA_TYPE, records())
    return 100 * sum(a == b for a, b in zip(answers.values, truth, strict=True)) / len(truth)
