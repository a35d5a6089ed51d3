"""Twice and four times the best rate, open loop: what is answered in time, how soon the rest is refused.

Real models and batches of 256, so that a batch costs the mesh much and the load little: with single
records the load would take as much of a small machine as the mesh does.
"""

from __future__ import annotations

from statistics import median

import psutil

from bench.figures import Figure, Target
from bench.load import Load, run_load
from bench.mesh import Mesh, start_mesh
from bench.models import wine_model
from bench.open_loop import Offered, OpenLoad, run_open_loop
from bench.plans import consensus
from bench.session import Session

_MODELS = ("wine-tree", "wine-logistic", "wine-boosting")
_ROWS = 256
_CLIENTS = 16
_DEADLINE = 0.2
_NICENESS = 5
_WARM_UP_SECONDS = 8.0
_AFTERWARDS = 2.0
_ENOUGH = 0.9


async def run(session: Session) -> list[Figure]:
    """Compare what is answered in time under overload with the best rate of the same run."""
    async with start_mesh() as mesh:
        for name in _MODELS:
            await mesh.push(wine_model(name))
        await mesh.apply(consensus(_MODELS))
        for process in (await mesh.processes()).values():
            process.nice(_NICENESS)
        session.say("warm up")
        await run_load(Load(mesh.address, _CLIENTS, _WARM_UP_SECONDS, _ROWS))
        best = await _best(session, mesh)
        figures = [Figure(f"best rate, {_CLIENTS} clients, batches of {_ROWS}", best, "requests/s")]
        before = await _memory(mesh)
        for times in (2, 4):
            figures += await _overloaded(session, mesh, best, times)
        after = await _offered(mesh, best / 2, _AFTERWARDS)
        growth = await _memory(mesh) / before
        return [
            *figures,
            Figure(
                "half the best rate right after it, answered in the second second",
                100 * after.last_good / (best / 2),
                "%",
                target=Target(99, "%"),
            ),
            Figure("the router's memory, after to before", growth, "x", ratio=growth),
        ]


async def _best(session: Session, mesh: Mesh) -> float:
    load = Load(mesh.address, _CLIENTS, session.seconds, _ROWS, late_after=_DEADLINE)
    measured = await session.repeat("the best rate", lambda: run_load(load))
    return median((m.requests - m.late) / m.seconds for m in measured)


async def _overloaded(session: Session, mesh: Mesh, best: float, times: int) -> list[Figure]:
    rate, seconds = times * best, session.seconds
    runs = await session.repeat(f"{times}x", lambda: _offered(mesh, rate, seconds))
    runs.sort(key=lambda seen: seen.good)
    seen = runs[len(runs) // 2]
    good = Figure(
        f"{times}x, answered in time",
        seen.good,
        "requests/s",
        best,
        seen.good / best,
        Target(_ENOUGH),
        note=", ".join(f"{code} {count}" for code, count in sorted(seen.codes.items())),
    )
    bound = Target(_DEADLINE * 1e3, "ms", at_most=True)
    return [
        good,
        Figure(f"{times}x, p99 of answers", seen.p99, "ms", target=bound),
        Figure(
            f"{times}x, p50 of refusals",
            seen.refused_p50,
            "ms",
            target=Target(5, "ms", at_most=True),
        ),
    ]


async def _offered(mesh: Mesh, rate: float, seconds: float) -> Offered:
    return await run_open_loop(OpenLoad(mesh.address, rate, seconds, _ROWS, _DEADLINE))


async def _memory(mesh: Mesh) -> float:
    router: psutil.Process = (await mesh.processes())["router"]
    return float(router.memory_info().rss)
