"""One soak: a mesh, its load, the faults of a schedule, and what was seen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hedgerow.plans.plan import plan_from_yaml
from soak.faults import Kind, Step
from soak.labels import labels_of
from soak.models import WINE, Models
from soak.plans import ORDERED_PLAN, WINE_PLAN
from soak.schedule import schedule
from soak.streaming import Streaming, StreamSeen
from soak.strikes import Astray, Striker
from soak.traffic import Traffic, flowing
from soak.usage import Usage, leaks, left_over, still_there, usage
from soak.wholeness import NotWhole, Wanted, until_whole
from tests.end_to_end.cluster import Cluster, started_cluster

_EMPTY_SECONDS = 20.0
_LAST_PLAN = "consensus"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What to do."""

    seconds: float
    """For how long faults come."""
    seed: int
    rate: float
    """Calls a second."""
    records: float
    """Records of streams a second."""
    warm_up: float
    """Seconds of load before the first fault."""
    with_wine: bool
    """Also the real models of the example, which take their time to load."""
    logs: Path | None = None
    """Where the logs of the services are kept; nowhere without."""


@dataclass(frozen=True, slots=True)
class Struck:
    """A fault that came, and how long until the mesh was whole again."""

    kind: Kind
    begun: float
    """Seconds, monotonic."""
    whole: float
    recovery: float
    """Seconds from the end of the fault: the stopped goes on, the killed is started again."""
    alone: bool = True
    """No other one came with it."""


@dataclass
class Seen:
    """What was seen. A mesh that is well has nothing in `unwell`, and no wrong answer in its traffic."""

    traffic: Traffic
    streams: list[StreamSeen] = field(default_factory=list)
    struck: list[Struck] = field(default_factory=list)
    seconds: float = 0.0
    before: dict[str, Usage] = field(default_factory=dict)
    after: dict[str, Usage] = field(default_factory=dict)
    most_mib: dict[str, float] = field(default_factory=dict)
    """Of each part, whenever it was whole again."""
    unwell: list[str] = field(default_factory=list)
    """What else went wrong: leaks, foreign lines, a mesh that did not become whole again."""


class Soak:
    """One soak."""

    def __init__(
        self, cluster: Cluster, options: Options, say: Say, told_to_end: asyncio.Event
    ) -> None:
        self._cluster = cluster
        self._options = options
        self._say = say
        self._told_to_end = told_to_end
        self._models = Models(options.with_wine)
        self._wanted = Wanted(self._models)
        self._striker = Striker(cluster, self._wanted)
        routers = [cluster.address("router-1"), cluster.address("router-2")]
        self._traffic = Traffic(routers, self._models, options.rate, options.seed)
        self._streaming = Streaming(cluster.ports.log, options.records)
        streams = [stream.seen for stream in self._streaming.streams]
        self.seen = Seen(self._traffic, streams)

    async def run(self) -> None:
        """Run it to its end, or to the first fault that the mesh does not get over."""
        await self._prepare()
        async with flowing(self._traffic), self._streaming.flowing():
            await asyncio.sleep(self._options.warm_up)
            self.seen.before = await self._usage()
            await self._strike_all()
            if not self.seen.unwell:
                await self._striker.apply(_LAST_PLAN)
                await until_whole(self._cluster, self._wanted)
        await self._look_after()

    async def _prepare(self) -> None:
        registry = self._cluster.registry
        self._say("pushing models")
        if self._models.with_wine:
            wines = [name for data_type, name in self._models.names if data_type == WINE]
            self._models.labels = await labels_of(wines)
        for model in self._models.names:
            push = self._models.next_push(model)
            self._models.pushed(push, await push.send(registry))
        await self._striker.apply(_LAST_PLAN)
        if self._models.with_wine:
            await registry.apply_plan(plan_from_yaml(WINE_PLAN))
        await registry.apply_plan(plan_from_yaml(ORDERED_PLAN))
        await until_whole(self._cluster, self._wanted)

    async def _strike_all(self) -> None:
        self._say("       at    whole  fault")
        begun = time.monotonic()
        for step in schedule(self._options.seed):
            is_told = await _is_set_within(self._told_to_end, step.calm)
            self.seen.seconds = time.monotonic() - begun
            if is_told or self.seen.seconds >= self._options.seconds:
                return
            try:
                await self._take(step)
            except (NotWhole, Astray) as error:
                self.seen.unwell.append(f"{step}: {error}")
                return
            except Exception as error:  # an hour of what was seen must not go with it
                self.seen.unwell.append(f"{step}: {error!r}")
                return

    async def _take(self, step: Step) -> None:
        begun = time.monotonic()
        strikes = [
            asyncio.create_task(self._strike(step, place), name=str(fault))
            for place, fault in enumerate(step.faults)
        ]
        try:
            times = [await strike for strike in strikes]
        finally:
            for strike in strikes:
                strike.cancel()
            await asyncio.gather(*strikes, return_exceptions=True)
        whole = await until_whole(self._cluster, self._wanted)
        self._wanted.ended.clear()  # in an hour their ids may come again
        self._traffic.floors = dict(self._models.newest)
        alone = len(step.faults) == 1
        for fault, (came, over) in zip(step.faults, times, strict=True):
            self.seen.struck.append(Struck(fault.kind, came, whole, whole - over, alone))
        self._say(f"{self.seen.seconds:7.1f} s  {whole - begun:5.1f} s  {step}")
        for part, one in (await self._usage()).items():
            self.seen.most_mib[part] = max(one.mib, self.seen.most_mib.get(part, 0.0))

    async def _strike(self, step: Step, place: int) -> tuple[float, float]:
        """Strike one of a step; return when it came and when it was over."""
        await asyncio.sleep(step.gap * place)
        came = time.monotonic()
        return came, await self._striker.strike(step.faults[place])

    async def _usage(self) -> dict[str, Usage]:
        return await asyncio.to_thread(usage, self._cluster)

    async def _look_after(self) -> None:
        """Compare what there is now, without load, with what there was."""
        if self.seen.unwell:
            return
        for version in await self._cluster.registry.list_models():
            self._models.learn(version)
        self._traffic.settle()
        self.seen.unwell += await left_over(self._cluster, _EMPTY_SECONDS)
        self.seen.after = await self._usage()
        self.seen.unwell += leaks(
            self.seen.before, self.seen.after, sum(stream.sent for stream in self.seen.streams)
        )
        self.seen.unwell += still_there(self._striker.pids, self._cluster)


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()


async def soak(options: Options, say: Say, told_to_end: asyncio.Event) -> Seen:
    """Run one soak and return what was seen; when it is told to end, after the step it is at."""
    say("starting two of each service")
    async with started_cluster() as cluster:
        one = Soak(cluster, options, say, told_to_end)
        try:
            await one.run()
        finally:
            # What a part says as it ends is looked at too.
            await asyncio.shield(cluster.stop())
            if options.logs is not None:
                cluster.keep_logs(options.logs)
        one.seen.unwell += cluster.foreign_lines()
    return one.seen
