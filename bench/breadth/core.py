"""A router's core that knows many data types: what a record, a change, the state and a scrape cost it.

In this process, without hosts, log or gRPC. What depends on the number of data types is here all the same:
how the plan of a record is found, whether it may come in, what is told, and what a change has done anew.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from statistics import median

from prometheus_client import generate_latest

from bench.breadth.processes import MODELS
from bench.starts.logs import FEATURES, Shape, events
from hedgerow.data.records import Batch
from hedgerow.v1.events_pb2 import ModelEvent
from hedgerow.v1.scoring_pb2 import ScoreRequest
from hedgerow.v1.state_pb2 import GetStateResponse
from services.common.clock import now_ns
from services.common.telemetry import Tracing
from services.common.telemetry.metrics import Metrics
from services.router.admission.head import read_head
from services.router.admission.intake import Arrival
from services.router.server import Router
from services.router.settings import RouterSettings

_NO_LOG = {"log_url": "redis://127.0.0.1:1/0", "port": 0}
_ROUNDS, _RECORDS, _TIMES = 41, 1000, 9
_ROUTERS = frozenset(f"10.0.0.{number}:8400" for number in range(3))


@dataclass(frozen=True, slots=True)
class Core:
    """What things cost with so many data types."""

    data_types: int
    record: float
    """Seconds of a record, beside those of one data type: the next is of another data type each time."""
    ratio: float
    """That, and what a record costs where there is one data type; median of pairs."""
    change: float
    """Seconds of a change of one data type, with the next record of it."""
    state: float
    """Seconds of the state of all data types."""
    state_of_one: float
    longest: float
    """Seconds that others of the loop wait at the most while the state of all is told."""
    scrape: float
    """Seconds of a scrape of the metrics."""
    scrape_longest: float
    page: int
    """Bytes that Prometheus gets."""


class Rig:
    """One router."""

    def __init__(self, data_types: int) -> None:
        self.data_types = data_types
        self.router = Router(RouterSettings.model_validate(_NO_LOG), Tracing("router"))
        catalog = self.router._mirror.catalog
        self._events: dict[str, ModelEvent] = {}
        for data_type, event in events(Shape(data_types, MODELS, 1)):
            catalog.apply(data_type, event)
            self._events[data_type] = event
        row = {f"feature-{number}": float(number) for number in range(FEATURES)}
        requests = [
            ScoreRequest(batch=Batch.from_records(name, [row]).to_proto())
            for name in islice(cycle(catalog.data_types), _RECORDS)
        ]
        self._requests = cycle([(request, request.SerializeToString()) for request in requests])
        self.records(_RECORDS)  # each plan is prepared once

    def records(self, count: int) -> float:
        """Take records in, each of another data type; return the seconds of one."""
        scoring = self.router.scoring
        begun = time.perf_counter()
        for request, raw in islice(self._requests, count):
            scoring.check(read_head(raw), 1.0)
            pieces = scoring._intake.take(request, Arrival(now_ns(), 1.0, 0.005, None))
            scoring.admission.check_room(request.batch.data_type)
            for piece in pieces:
                scoring.admission.began(request.batch.data_type)
                scoring.admission.ended(request.batch.data_type)
                piece.task.outcome.cancel()
        return (time.perf_counter() - begun) / count

    def change(self) -> float:
        """Fold an event of one data type in, do what that asks for, and prepare its plan."""
        router, name = self.router, "type-0"
        begun = time.perf_counter()
        router._mirror.catalog.apply(name, self._events[name])
        router._plans.changed((name,))
        router.streams._wanted([name])
        router._plans.plan(name)
        return time.perf_counter() - begun

    async def state(self, data_type: str = "") -> GetStateResponse:
        """Tell the state."""
        response = GetStateResponse()
        await self.router.fill(response, data_type)
        return response


async def measure(sizes: list[int]) -> list[Core]:
    """Measure routers that know so many data types; each beside one that knows one."""
    rigs = [Rig(size) for size in sizes]
    one = Rig(1)
    gc.collect()
    gc.freeze()  # as services do once they have started
    found = []
    for rig in rigs:
        pairs = [(one.records(_RECORDS), rig.records(_RECORDS)) for _ in range(_ROUNDS)]
        state, longest = await _longest(rig.state)
        metrics = Metrics("router", rig.router.fill)
        scrape, scrape_longest = await _longest(
            partial(asyncio.to_thread, generate_latest, metrics._registry)
        )
        page = await asyncio.to_thread(generate_latest, metrics._registry)
        found.append(
            Core(
                data_types=rig.data_types,
                record=median(here for _, here in pairs),
                ratio=median(here / there for there, here in pairs),
                change=median(rig.change() for _ in range(_TIMES)),
                state=state,
                state_of_one=(await _longest(partial(rig.state, "type-0")))[0],
                longest=longest,
                scrape=scrape,
                scrape_longest=scrape_longest,
                page=len(page),
            )
        )
    for rig in (*rigs, one):
        await rig.router.close()
    return found


async def _longest(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Return the seconds of some work, and the longest that the loop had no turn for others; medians."""
    taken, waited = [], []
    for _ in range(_TIMES):
        begun = last = time.perf_counter()
        longest = 0.0
        working = asyncio.ensure_future(work())
        while not working.done():
            await asyncio.sleep(0)
            now = time.perf_counter()
            longest, last = max(longest, now - last), now
        taken.append(time.perf_counter() - begun)
        waited.append(longest)
    return median(taken), median(waited)
