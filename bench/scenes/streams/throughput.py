"""Records a second through a stream that never runs dry, beside batches by RPC and beside no scoring."""

from __future__ import annotations

import asyncio

from bench.figures import Figure, Target, compared
from bench.load import Load, run_load
from bench.mesh import start_mesh
from bench.models import wine_model
from bench.plans import consensus
from bench.scenes.streams.rate import AFTER_CALLS_SECONDS, dead_letters, stream_rate
from bench.session import Session
from bench.streams.load import bare

MODELS = ("wine-tree", "wine-logistic", "wine-boosting")
_ROWS = 256
_CLIENTS = 4


async def run(session: Session) -> list[Figure]:
    """Three PMML models, consensus."""
    async with start_mesh() as mesh:
        for name in MODELS:
            await mesh.push(wine_model(name))
        await mesh.apply(consensus(MODELS))
        load = Load(mesh.address, _CLIENTS, session.seconds, _ROWS)
        session.say("warm up")
        await run_load(load)
        await asyncio.sleep(AFTER_CALLS_SECONDS)
        await stream_rate(mesh, session.seconds)

        async def all_ways() -> tuple[float, float, float, float]:
            by_call = (await run_load(load)).row_rate
            await asyncio.sleep(AFTER_CALLS_SECONDS)
            return (
                by_call,
                await stream_rate(mesh, session.seconds),
                await stream_rate(mesh, session.seconds, _ROWS),
                await bare(mesh.log_port, session.seconds),
            )

        seen = await session.repeat("by RPC, by stream, without scoring", all_ways)
        dead = await dead_letters(mesh)
    records, batches = "plain records", f"batches of {_ROWS}"
    unit = "records/s"
    return [
        compared(
            f"{records}, beside batches by RPC", unit, [(a, b) for a, b, _, _ in seen], Target(0.9)
        ),
        compared(
            f"{batches}, beside batches by RPC", unit, [(a, c) for a, _, c, _ in seen], Target(0.9)
        ),
        compared(
            f"{records}, beside no scoring", unit, [(d, b) for _, b, _, d in seen], Target(0.3)
        ),
        Figure("dead letters", dead, "", target=Target(0, "", at_most=True)),
    ]
