"""Hedging beside starting everything at once: what it costs, and what it does to the slowest answers.

Three models of the same quality take 4 ms a call and one call in 50 some 40 ms more, each at calls of its
own; the first answer wins. All at once spends three calls an answer to be spared the slow ones. Hedged by
the 95th percentile, as in "The Tail at Scale", the second starts for the few that are late.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from bench.comparisons import failures
from bench.figures import Figure, compared
from bench.load import Load, run_load
from bench.measured import Measured
from bench.mesh import Mesh, Work, start_mesh
from bench.models import constant
from bench.plans import first
from bench.session import Session

_MODELS = ("first", "second", "third")
_CLIENTS = 4
_WARM_UP = 2.0


@dataclass(frozen=True, slots=True)
class _Seen:
    measured: Measured
    work: Work

    @property
    def spent(self) -> float:
        """Milliseconds of models' time an answer."""
        return 1e3 * self.work.seconds / max(1, self.measured.requests)


async def run(session: Session) -> list[Figure]:
    """Compare the two, and with the first model alone."""
    async with start_mesh() as mesh:
        for place, name in enumerate(_MODELS):
            model = constant(name, "1", 0.004, slow_every=50 + place, slow_seconds=0.04)
            await mesh.push(model)
        load = Load(mesh.address, _CLIENTS, session.seconds, warm_up=_WARM_UP)
        await mesh.apply(first(_MODELS[:1]))
        alone = await session.repeat("the first alone", lambda: _seen(mesh, load))

        async def pair() -> tuple[_Seen, _Seen]:
            await mesh.apply(first(_MODELS))
            at_once = await _seen(mesh, load)
            await mesh.apply(first(_MODELS, hedge="p95"))
            return at_once, await _seen(mesh, load)

        pairs = await session.repeat("all at once and hedged", pair)
    return [
        compared("model time an answer", "ms", [(a.spent, b.spent) for a, b in pairs]),
        compared("p50", "ms", [(a.measured.p50, b.measured.p50) for a, b in pairs]),
        compared("p99", "ms", [(a.measured.p99, b.measured.p99) for a, b in pairs]),
        compared("rate", "requests/s", [(a.measured.rate, b.measured.rate) for a, b in pairs]),
        Figure("the first alone: model time an answer", median(a.spent for a in alone), "ms"),
        Figure("the first alone: p50", median(a.measured.p50 for a in alone), "ms"),
        Figure("the first alone: p99", median(a.measured.p99 for a in alone), "ms"),
        failures([seen.measured for pair_of in pairs for seen in pair_of]),
    ]


async def _seen(mesh: Mesh, load: Load) -> _Seen:
    """Run a load; the work is that of its warm-up too, and is cut down to the measured part."""
    before = await mesh.work()
    measured = await run_load(load)
    work = (await mesh.work()).since(before)
    share = load.seconds / (load.seconds + load.warm_up)
    return _Seen(measured, Work(work.scored, work.dropped, work.seconds * share))
