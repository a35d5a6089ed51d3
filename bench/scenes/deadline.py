"""The preferred model sleeps far beyond the deadline: the others answer, in time.

Once the router knows that it is always late it is not started any more. So the deadline is measured with a
router that forgets at once how long models took.
"""

from collections.abc import Sequence
from datetime import timedelta
from statistics import median

from bench.comparisons import failures
from bench.figures import Figure, Target
from bench.load import Load, run_load
from bench.measured import Measured
from bench.mesh import start_mesh
from bench.models import constant
from bench.plans import preferred
from bench.session import Session

_CLIENTS = 16
_DEADLINE = timedelta(milliseconds=50)
_BOUND = timedelta(milliseconds=60)


async def run(session: Session) -> list[Figure]:
    """Tell the share of answers within the bound."""
    figures = await _measure(session, {"HEDGEROW_ROUTER_RESPONSE_TIME_WINDOW": "1us"})
    learnt = await _measure(session, {})
    return [*figures, Figure("p50 when it is left out for being late", learnt[1].value, "ms")]


async def _measure(session: Session, environment: dict[str, str]) -> list[Figure]:
    async with start_mesh(environment=environment) as mesh:
        await mesh.push(constant("sleepy", value="0", delay_seconds=1.0))
        await mesh.push(constant("quick", value="1"))
        await mesh.push(constant("brisk", value="1"))
        await mesh.apply(preferred(("sleepy", "quick", "brisk"), _DEADLINE))
        load = Load(mesh.address, _CLIENTS, session.seconds, late_after=_BOUND.total_seconds())
        return _figures(await session.repeat(f"{_CLIENTS} clients", lambda: run_load(load)))


def _figures(measured: Sequence[Measured]) -> list[Figure]:
    requests = sum(m.requests + m.failed for m in measured)
    share = 100 * sum(m.requests - m.late for m in measured) / max(1, requests)
    return [
        Figure(f"answers within 60 ms, of {requests}", share, "%", target=Target(99.9, "%")),
        Figure("p50", median(m.p50 for m in measured), "ms"),
        Figure("p99", median(m.p99 for m in measured), "ms"),
        Figure("longest", max(m.longest for m in measured), "ms"),
        failures(measured),
    ]
