"""Wires the router."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping

import grpc

from hedgerow.v1.state_pb2 import Gauge, GetStateResponse
from services.common.disk import Memory, StateFile
from services.common.log import Log, Mirror
from services.common.service import Service, run
from services.common.state import STATE_SERVICE, StateServicer, ask_all, parts
from services.common.telemetry import Tracing
from services.common.wire import SERVER_OPTIONS, connection_age, pending_limit
from services.router.calls.open_streams import OpenStreams
from services.router.meeting import meet
from services.router.plans.in_effect import ModelName
from services.router.plans.prepared import PreparedPlans
from services.router.scoring import Scoring
from services.router.servicer import ScoringServicer
from services.router.settings import RouterSettings
from services.router.streams.flow.flow import Terms
from services.router.streams.record_streams import Pacing, RecordStreams
from services.router.streams.serving.servicer import STREAM_SERVICE, StreamServicer

_LOOK_SECONDS = 1.0


class Router(Service):
    """One router."""

    name = "router"
    services = ("hedgerow.v1.ScoringService", STREAM_SERVICE, STATE_SERVICE)

    def __init__(self, settings: RouterSettings, tracing: Tracing) -> None:
        super().__init__(tracing)
        self._settings = settings
        # What scores has its own limit; beyond it there is room for health, state and streams.
        self.max_concurrent_calls = settings.max_in_flight + Service.max_concurrent_calls
        age, grace = settings.max_connection_age, settings.max_connection_age_grace
        self.server_options = (*SERVER_OPTIONS, *pending_limit(settings.max_pending))
        if age:
            self.server_options += connection_age(age, grace)
        self._calls = OpenStreams(grace.total_seconds() if age else None)
        self._log = Log(settings.log_url, settings.log_password.get_secret_value())
        self._mirror = Mirror(self._log.models, keep_lost=True)
        self._address = ""
        state = StateFile.of(settings.state_dir, self.name, settings.fixed_address)
        self._members: dict[str, frozenset[str]] = {}
        self._memory = Memory(state, self._log, self._mirror, lambda: self._members)
        self._listed = {service: asyncio.Event() for service in ("executor", "collector")}
        self._plans = PreparedPlans(self._mirror.catalog, self._choose, settings.takeover_timeout)
        self.scoring = Scoring(settings, self._plans)
        # A process that comes back at the address of one that died is another consumer.
        terms = Terms(secrets.token_hex(4), settings.stream_redelivery)
        pacing = Pacing(settings.stream_share, settings.stream_batch_rows)
        self.streams = RecordStreams(
            self._log.streams,
            self._plans,
            self._mirror.catalog,
            self.scoring,
            tracing,
            terms,
            pacing,
        )

        self._stream_servicer = StreamServicer(
            self._log.streams, self._mirror.catalog, self.streams, settings.stream_backlog
        )

    def add_to(self, server: grpc.aio.Server) -> None:
        in_flight = self._settings.max_in_flight
        servicer = ScoringServicer(self.scoring, self.tracing, in_flight, self._calls)
        servicer.add_to(server)
        self._stream_servicer.add_to(server)
        StateServicer(self.name, self.fill, self._others).add_to(server)

    async def start(self, address: str) -> None:
        self._address = address
        kept = await self._memory.recall()
        self._mirror.listen(self._plans.changed)
        self.background(self.scoring.admission.run(), "watches the load")
        self.background(self._mirror.run(), "follows the log")
        self.background(self._memory.go_on_alone(), "starts without the log if need be")
        self.background(self._memory.keep(), "keeps what is known")
        self.background(self._look_at_plans(), "looks at plans that wait")
        fleet, collectors = self.scoring.fleet, self.scoring.collectors
        remembered = kept.members if kept else {}
        self.background(self._follow("executor", fleet.follow, remembered), "looks for executors")
        self.background(
            self._follow("collector", collectors.follow, remembered), "looks for collectors"
        )
        await self._mirror.caught_up.wait()
        await meet(fleet, collectors, self._listed.values())
        lease = self._settings.lease
        self.background(self._log.members.keep(self.name, address, lease), "keeps the lease")
        self._mirror.listen(self.streams.changed)
        self.background(
            self._follow("router", self.streams.follow, remembered), "looks for routers"
        )
        self.background(self.streams.run(address), "reads streams of records")

    async def drain(self) -> None:
        await self._calls.end()
        self._stream_servicer.stop()
        await self.streams.stop()
        await self.release_lease(self._log.members, self._address)
        await self.scoring.drain()
        await self._memory.write()

    async def close(self) -> None:
        await self.scoring.close()
        await self._log.close()

    async def _follow(
        self,
        service: str,
        follow: Callable[[frozenset[str]], None],
        remembered: Mapping[str, frozenset[str]],
    ) -> None:
        """Follow who is there of a service; who was there before may be as well, if nobody can be asked."""
        every, lease = self._settings.discover_every, self._settings.lease
        before = remembered.get(service, frozenset())
        async for addresses in self._log.members.watch(service, every, lease, before):
            follow(addresses)
            self._members[service] = addresses
            self._memory.changed()
            if service in self._listed:
                self._listed[service].set()

    async def _look_at_plans(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            self._plans.look()

    def _choose(self, model: ModelName, versions: tuple[int, ...]) -> int:
        instance = self.scoring.fleet.choose(model, versions)
        return instance.model.version if instance else 0

    async def fill(self, response: GetStateResponse, data_type: str) -> None:
        response.log_problem = self._mirror.problem
        for names in parts([data_type] if data_type else self._mirror.catalog.data_types):
            for name in names:
                response.plans.extend(self._plans.plans(name))
                response.plan_models.extend(self._plans.states(name))
            await asyncio.sleep(0)
        response.executors.extend(self.scoring.fleet.executor_states())
        for hosts in parts(self.scoring.fleet.hosts()):
            asked = [h for h in hosts if data_type in ("", h.model.descriptor.data_type)]
            response.hosts.extend(asked)
            await asyncio.sleep(0)
        response.streams.extend(self.streams.states(data_type))
        await asyncio.sleep(0)
        response.work.extend(self.scoring.work.to_protos(data_type))
        gauges = self.scoring.gauges()
        gauges["collectors_reachable"] = self.scoring.collectors.reachable
        response.gauges.extend(Gauge(name=name, value=value) for name, value in gauges.items())

    async def _others(self, data_type: str) -> list[GetStateResponse]:
        """Ask the other services this router knows."""
        scoring = self.scoring
        return await ask_all([*scoring.fleet.executors, *scoring.collectors.addresses], data_type)


def main() -> None:
    """Run the router."""
    run(Router, RouterSettings)
