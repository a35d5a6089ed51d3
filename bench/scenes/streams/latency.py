"""From XADD to the score, at a tenth of the top rate; and while a new version takes over."""

from __future__ import annotations

import asyncio

from bench.figures import Figure, Target, compared
from bench.mesh import Mesh, start_mesh
from bench.models import wine_model
from bench.open_loop import Offered, OpenLoad, run_open_loop
from bench.plans import best
from bench.scenes.streams.rate import AFTER_CALLS_SECONDS, dead_letters, stream_rate
from bench.session import Session
from bench.streams.load import Latencies, timed

_MODELS = ("wine-net", "wine-logistic", "wine-boosting")
_SHARE = 0.1
_DEADLINE = 5.0
_BEFORE_SECONDS, _AFTER_SECONDS = 2.0, 4.0


async def run(session: Session) -> list[Figure]:
    """A SavedModel and two PMML models; all answers wait for the SavedModel."""
    async with start_mesh() as mesh:
        for name in _MODELS:
            await mesh.push(wine_model(name))
        await mesh.apply(best(_MODELS))
        session.say("warm up")
        await stream_rate(mesh, session.seconds)
        rate = _SHARE * await stream_rate(mesh, session.seconds)
        pushes = _Pushes(mesh, rate)

        async def all_ways() -> tuple[Offered, Latencies, Latencies]:
            load = OpenLoad(mesh.address, rate, session.seconds, 1, _DEADLINE)
            by_call = await run_open_loop(load)
            await asyncio.sleep(AFTER_CALLS_SECONDS)
            by_stream = await timed(mesh.log_port, rate, session.seconds)
            return by_call, by_stream, await pushes.during()

        seen = await session.repeat(f"at {rate:.0f} records a second", all_ways)
        dead = await dead_letters(mesh)
    at = f"at {rate:.0f} records/s"
    return [
        compared(
            f"{at}, p50 beside calls",
            "ms",
            [(call.p50, stream.p50) for call, stream, _ in seen],
            Target(2, at_most=True),
        ),
        compared(
            f"{at}, p99 beside calls", "ms", [(call.p99, stream.p99) for call, stream, _ in seen]
        ),
        compared(
            f"{at}, longest gap with a new version, beside p99 without",
            "ms",
            [(stream.p99, pushed.longest_gap) for _, stream, pushed in seen],
            Target(1, at_most=True),
        ),
        compared(
            f"{at}, p99 with a new version", "ms", [(s.p99, pushed.p99) for _, s, pushed in seen]
        ),
        Figure("dead letters", dead, "", target=Target(0, "", at_most=True)),
    ]


class _Pushes:
    """Pushes another version in the middle of a stream."""

    def __init__(self, mesh: Mesh, rate: float) -> None:
        self._mesh = mesh
        self._rate = rate
        self._number = 1

    async def during(self) -> Latencies:
        """Return what the stream saw of it."""
        self._number += 1
        seconds = _BEFORE_SECONDS + _AFTER_SECONDS
        async with asyncio.TaskGroup() as group:
            running = group.create_task(timed(self._mesh.log_port, self._rate, seconds))
            await asyncio.sleep(_BEFORE_SECONDS)
            await self._mesh.push(
                wine_model("wine-net"), f"Pushed beside a stream, {self._number}."
            )
        return running.result()
