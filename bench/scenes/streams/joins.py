"""What a keyed join and partitions cost a stream."""

from __future__ import annotations

from statistics import median

from bench.figures import Figure
from bench.mesh import start_mesh
from bench.models import wine_model
from bench.plans import consensus
from bench.scenes.streams.rate import dead_letters, stream_rate
from bench.scenes.streams.throughput import MODELS
from bench.session import Session
from hedgerow.v1.plans_pb2 import JOIN_BALANCED, JOIN_KEYED, Join, Plan

_KEYS = 1000
_PARTITIONS = 8


async def run(session: Session) -> list[Figure]:
    """Three PMML models, two executors; partitions only become more, so they come last."""
    figures: list[Figure] = []
    first = 0.0
    async with start_mesh(executors=2) as mesh:
        for name in MODELS:
            await mesh.push(wine_model(name))
        for partitions in (1, _PARTITIONS):
            for join, word in ((JOIN_BALANCED, "balanced"), (JOIN_KEYED, "keyed")):
                await mesh.apply(_plan(join, partitions))
                await stream_rate(mesh, 1.0, 0, _KEYS, partitions)

                async def one(partitions: int = partitions) -> float:
                    return await stream_rate(mesh, session.seconds, 0, _KEYS, partitions)

                what = f"{word}, {partitions} partition{'s' * (partitions > 1)}"
                rate = median(await session.repeat(what, one))
                first = first or rate
                figures.append(Figure(what, rate, "records/s", first, rate / first))
        figures.append(Figure("dead letters", await dead_letters(mesh), ""))
    return figures


def _plan(join: Join, partitions: int) -> Plan:
    plan = consensus(MODELS)
    plan.join = join
    plan.stream.partitions = partitions
    return plan
