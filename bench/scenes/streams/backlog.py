"""A million records wait: memory stays flat, and calls keep their latency."""

from __future__ import annotations

import time

import psutil
from redis.asyncio import Redis

from bench.comparisons import failures
from bench.figures import Figure, Target, compared
from bench.load import Load, run_load
from bench.measured import Measured
from bench.mesh import Mesh, start_mesh
from bench.models import wine_model
from bench.plans import consensus
from bench.scenes.streams.throughput import MODELS
from bench.session import Session
from bench.streams import keys
from bench.streams.load import fill

_WAITING = 1_000_000
_CLIENTS = 4
_PARTS = ("router", "collector")
_MIB = 2**20


async def run(session: Session) -> list[Figure]:
    """Fill the stream, look at memory, and call beside it."""
    async with start_mesh() as mesh:
        for name in MODELS:
            await mesh.push(wine_model(name))
        await mesh.apply(consensus(MODELS))
        session.say("warm up")
        load = Load(mesh.address, _CLIENTS, session.seconds)
        await run_load(Load(mesh.address, _CLIENTS, session.seconds, 256))
        await run_load(load)
        alone = [await run_load(load) for _ in range(3)]
        memory = _Memory(mesh, await mesh.processes())
        before = memory.now()
        session.say(f"append {_WAITING:,} records")
        await fill(mesh.log_port, _WAITING)
        full = memory.now()
        begun, first = time.perf_counter(), await memory.scores()
        beside = await session.repeat("calls beside them", lambda: run_load(load))
        rate = (await memory.scores() - first) / (time.perf_counter() - begun)
        after = memory.now()
    return [
        *_latencies(alone, beside),
        Figure("records scored a second meanwhile", rate, "records/s"),
        *(
            Figure(
                f"memory of the {part}, with {_WAITING:,} records waiting",
                full[part],
                "MiB",
                before[part],
            )
            for part in _PARTS
        ),
        *(
            Figure(f"memory of the {part}, later", after[part], "MiB", before[part])
            for part in _PARTS
        ),
        Figure("memory of the log, with them in it", full["log"], "MiB", before["log"]),
    ]


def _latencies(alone: list[Measured], beside: list[Measured]) -> list[Figure]:
    pairs = list(zip(alone, beside, strict=False))
    return [
        compared(
            "calls beside the stream, p50",
            "ms",
            [(a.p50, b.p50) for a, b in pairs],
            Target(1.5, at_most=True),
        ),
        compared(
            "calls beside the stream, p99",
            "ms",
            [(a.p99, b.p99) for a, b in pairs],
            Target(2, at_most=True),
        ),
        failures(beside),
    ]


class _Memory:
    def __init__(self, mesh: Mesh, processes: dict[str, psutil.Process]) -> None:
        self._mesh = mesh
        self._processes = processes

    def now(self) -> dict[str, float]:
        """Return the resident memory of each part, MiB."""
        return {part: self._processes[part].memory_info().rss / _MIB for part in (*_PARTS, "log")}

    async def scores(self) -> int:
        """Return how many scores there are."""
        async with Redis(port=self._mesh.log_port, protocol=2) as redis:
            found: int = await redis.xlen(keys.scores())
        return found
