"""Wires a collector together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import grpc

from hedgerow.v1.collection_pb2_grpc import add_CollectionServiceServicer_to_server
from hedgerow.v1.state_pb2 import Gauge, GetStateResponse
from services.collector.decisions import Progress
from services.collector.intake import Intake
from services.collector.servicer import CollectionServicer
from services.collector.sessions import Session
from services.collector.settings import CollectorSettings
from services.collector.tasks.open_tasks import OpenTasks
from services.collector.tasks.statistics import Statistics
from services.collector.tasks.task import Task
from services.collector.tasks.unclaimed import UnclaimedResults
from services.common.log import Log
from services.common.service import Service, run
from services.common.state import STATE_SERVICE, StateServicer
from services.common.telemetry import Tracing

COLLECTION_SERVICE = "hedgerow.v1.CollectionService"


class Collector(Service):
    """One collector. It keeps nothing that must outlive it."""

    name = "collector"
    services = (COLLECTION_SERVICE, STATE_SERVICE)

    def __init__(self, settings: CollectorSettings, tracing: Tracing) -> None:
        super().__init__(tracing)
        self._settings = settings
        self._address = ""
        self._log = Log(settings.log_url, settings.log_password.get_secret_value())
        self._statistics = Statistics()
        self._unclaimed = UnclaimedResults(settings.keep_early_rows)
        self.open_tasks = OpenTasks(self._unclaimed)
        intake = Intake(self.open_tasks, self._statistics)
        self._servicer = CollectionServicer(self._session, intake)

    def add_to(self, server: grpc.aio.Server) -> None:
        add_CollectionServiceServicer_to_server(self._servicer, server)
        StateServicer(self.name, self.fill).add_to(server)

    async def start(self, address: str) -> None:
        self._address = address
        self.background(self._drop_unclaimed(), "drops results nobody takes")
        await self.join(self._log.members, address, self._settings.lease)

    async def drain(self) -> None:
        if self._address:
            await self.release_lease(self._log.members, self._address)
        await self._servicer.drain(self._settings.drain_timeout)

    async def close(self) -> None:
        self.open_tasks.close()
        await self._log.close()

    def _session(self, send: Callable[[Task | Progress], None]) -> Session:
        return Session(self.open_tasks, self._statistics, self.tracing, send)

    async def _drop_unclaimed(self) -> None:
        while True:
            await asyncio.sleep(self._settings.keep_early.total_seconds())
            self._unclaimed.turn()

    async def fill(self, response: GetStateResponse, data_type: str) -> None:
        response.models.extend(self._statistics.to_protos(data_type))
        response.gauges.append(Gauge(name="tasks_in_flight", value=len(self.open_tasks)))
        response.gauges.append(Gauge(name="early_results", value=len(self._unclaimed)))


def main() -> None:
    """Run a collector until it is told to stop."""
    run(Collector, CollectorSettings)
