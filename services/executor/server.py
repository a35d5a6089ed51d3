"""Wires the executor's agent."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import structlog

from hedgerow.v1.execution_pb2_grpc import add_ExecutorServiceServicer_to_server
from hedgerow.v1.models_pb2 import ModelVersion
from hedgerow.v1.state_pb2 import GetStateResponse
from services.common.log import Log, Mirror
from services.common.service import Service, run
from services.common.state import STATE_SERVICE, StateServicer
from services.common.telemetry import Tracing
from services.executor.agent import Agent
from services.executor.definition_cache import DefinitionCache
from services.executor.servicer import Announcements, ExecutorServicer
from services.executor.settings import ExecutorSettings
from services.executor.versions.served import EVERY

_log = structlog.get_logger()


class Executor(Service):
    """The agent of one executor."""

    name = "executor"
    services = ("hedgerow.v1.ExecutorService", STATE_SERVICE)

    def __init__(self, settings: ExecutorSettings, tracing: Tracing) -> None:
        super().__init__(tracing)
        self._settings = settings
        self._log = Log(settings.log_url, settings.log_password.get_secret_value())
        types = settings.data_types
        self._mirror = Mirror(self._log.models, "*" if EVERY in types else types, keep_lost=True)
        self._announcements = Announcements()
        self._address = ""
        self._agent = Agent(
            settings,
            self._mirror.catalog,
            DefinitionCache(settings.cache_dir, self._fetch, settings.cache_bytes),
            self._announcements.publish,
        )

    def add_to(self, server: grpc.aio.Server) -> None:
        add_ExecutorServiceServicer_to_server(ExecutorServicer(self._announcements), server)
        StateServicer(self.name, self.fill).add_to(server)

    async def start(self, address: str) -> None:
        self._address = address
        self._mirror.listen(self._agent.reconcile)
        self.background(self._mirror.run(), "follows the log")
        self.background(self._agent.watch(), "watches the hosts")
        self.background(self._agent.guard_memory(), "guards the memory")
        await self._mirror.caught_up.wait()
        # Known before it is ready: what serves already is of use, and nobody else can tell it.
        await self.join(self._log.members, address, self._settings.lease)
        await self._settle()

    async def _settle(self) -> None:
        """Wait for the hosts: an executor without any that says it is ready lets another one be stopped."""
        try:
            async with asyncio.timeout(self._settings.ready_within.total_seconds()):
                await self._agent.settled.wait()
        except TimeoutError:
            limit = self._settings.ready_within.total_seconds()
            _log.warning("the executor is ready although not all models serve", seconds=limit)

    async def drain(self) -> None:
        await self.release_lease(self._log.members, self._address)
        try:
            await self._agent.drain()
        finally:
            self._announcements.close()

    async def close(self) -> None:
        await self._agent.close()
        await self._log.close()

    async def _fetch(self, model: ModelVersion, target: Path) -> None:
        descriptor = model.descriptor
        definition = self._mirror.catalog.definition(
            descriptor.data_type, descriptor.name, model.version
        )
        await self._log.definitions.fetch(definition, target)

    def fill(self, response: GetStateResponse, data_type: str) -> None:
        hosts = self._agent.announcements()
        response.hosts.extend(
            host for host in hosts if data_type in ("", host.model.descriptor.data_type)
        )
        response.work.extend(self._agent.work(data_type))


def main() -> None:
    """Run the executor."""
    run(Executor, ExecutorSettings)
