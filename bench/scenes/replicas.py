"""One host in ten pauses for 200 ms again and again, with and without a second host for what is late."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.comparisons import failures
from bench.figures import Figure, Target, compared
from bench.load import Load, run_load
from bench.measured import Measured
from bench.mesh import Mesh, start_mesh
from bench.models import constant
from bench.plans import alone
from bench.session import Session

_HOSTS = 10
_CLIENTS = 8
_MANY_CLIENTS = 16
"""They leave nothing of two cores; then the slowest answers have other reasons than the pauses, too."""
_PAUSE_SECONDS = 0.2
_BETWEEN_SECONDS = 0.3
_LEAST_SECONDS = 8.0
"""Of each measurement: one request in a thousand must be many."""


async def run(session: Session) -> list[Figure]:
    """Compare the slowest answers."""
    async with start_mesh(executors=_HOSTS) as mesh:
        await mesh.push(constant("one", "1", delay_seconds=0.001))
        session.say("warm up")
        await run_load(Load(mesh.address, _CLIENTS, session.seconds))
        few = await _figures(session, mesh, _CLIENTS, Target(0.2, at_most=True))
        return few + await _figures(session, mesh, _MANY_CLIENTS)


async def _figures(
    session: Session, mesh: Mesh, clients: int, target: Target | None = None
) -> list[Figure]:
    load = Load(mesh.address, clients, max(session.seconds, _LEAST_SECONDS))
    name = f"{clients} clients"
    session.say(f"{name}, no host pauses")
    await mesh.apply(alone("one"))
    quiet = await run_load(load)
    (paused, *_) = await mesh.hosts("one")

    async def pair() -> tuple[Measured, Measured]:
        await mesh.apply(alone("one"))
        async with _pausing(paused):
            without = await run_load(load)
        await mesh.apply(alone("one", replica_hedge="p95"))
        async with _pausing(paused):
            return without, await run_load(load)

    pairs = await session.repeat(f"{name}, without and with a replica hedge", pair)
    return [
        compared(f"{name}, p99.9", "ms", [(a.p999, b.p999) for a, b in pairs], target),
        compared(f"{name}, p99", "ms", [(a.p99, b.p99) for a, b in pairs]),
        compared(f"{name}, p50", "ms", [(a.p50, b.p50) for a, b in pairs]),
        compared(name, "requests/s", [(a.rate, b.rate) for a, b in pairs]),
        Figure(f"{name}, p99.9 while no host pauses", quiet.p999, "ms"),
        failures([measured for pair_of in pairs for measured in pair_of]),
    ]


@asynccontextmanager
async def _pausing(pid: int) -> AsyncIterator[None]:
    """Stop a process again and again."""

    async def pause() -> None:
        try:
            while True:
                await asyncio.sleep(_BETWEEN_SECONDS)
                os.kill(pid, signal.SIGSTOP)
                await asyncio.sleep(_PAUSE_SECONDS)
                os.kill(pid, signal.SIGCONT)
        finally:
            os.kill(pid, signal.SIGCONT)

    task = asyncio.create_task(pause(), name="pauses a host")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
