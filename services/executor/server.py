"""Wires the executor's agent."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import grpc
import structlog

from hedgerow.errors import Corrupt
from hedgerow.v1.execution_pb2_grpc import add_ExecutorServiceServicer_to_server
from hedgerow.v1.models_pb2 import ModelVersion
from hedgerow.v1.state_pb2 import GetStateResponse
from services.common.disk import Memory, StateFile
from services.common.locations import Locations
from services.common.log import Log, Mirror
from services.common.recent_versions import VersionKey
from services.common.service import Service, run
from services.common.state import STATE_SERVICE, StateServicer
from services.common.telemetry import Tracing
from services.executor.agent import Agent
from services.executor.definition_cache import DefinitionCache
from services.executor.processes.memory import Looked
from services.executor.reports import Reports
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
        state = StateFile.of(settings.state_folder, self.name, settings.fixed_address)
        self._memory = Memory(state, self._log, self._mirror)
        self._announcements = Announcements()
        self._looked = Looked()
        self._address = ""
        self._reports = Reports(self._log.models, self._mirror)
        self._locations = Locations(settings.locations, "HEDGEROW_EXECUTOR_LOCATIONS")
        self._agent = Agent(
            settings,
            self._mirror.catalog,
            DefinitionCache(settings.cache_dir, self, settings.cache_bytes),
            self._announcements.publish,
            self._reports.publish,
            lambda: not self._announcements.ignorant,
        )

    def add_to(self, server: grpc.aio.Server) -> None:
        add_ExecutorServiceServicer_to_server(
            ExecutorServicer(self._announcements, self._settings.served), server
        )
        StateServicer(self.name, self.fill).add_to(server)

    async def start(self, address: str) -> None:
        self._address = address
        await self._memory.recall()
        self.background(self._mirror.run(), "follows the log")
        self.background(self._memory.go_on_alone(), "starts without the log if need be")
        self.background(self._memory.keep(), "keeps what is known")
        self.background(self._agent.watch(), "watches the hosts")
        self.background(self._agent.watch_costs(), "looks at what versions take")
        self.background(self._agent.watch_disk(), "looks for room on the disk")
        self.background(self._agent.guard_memory(), "guards the memory")
        await self._mirror.caught_up.wait()
        self._agent.serve_as(address)
        self._mirror.listen(lambda _: self._agent.reconcile())
        self._agent.reconcile()
        self.background(self._report(address), "tells how versions are")
        # Known before it is ready: what serves already is of use, and nobody else can tell it. Without the
        # log those who knew it before come nevertheless.
        wait = not self._mirror.is_alone
        await self.join(self._log.members, address, self._settings.lease, wait)
        await self._settle()

    async def _report(self, address: str) -> None:
        """Tell the log how versions are, once it is known to be that of this mesh."""
        await self._mirror.has_read.wait()
        await self._reports.run(address)

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
            await self._memory.write()

    async def close(self) -> None:
        await self._agent.close()
        await self._log.close()

    async def fetch_definition(self, model: ModelVersion, target: Path) -> None:
        definition = self._mirror.catalog.definition(*VersionKey.of(model))
        if definition.location:
            sha256, size = definition.sha256, definition.size
            await self._locations.fetch(definition.location, sha256, size, target)
        else:
            await self._log.definitions.fetch(definition, target)

    async def fetch_verification(self, model: ModelVersion, target: Path) -> None:
        verification = self._mirror.catalog.verification(*VersionKey.of(model))
        if verification is None:
            raise Corrupt("the log does not say where its verification is; push the model again")
        await self._log.definitions.fetch(verification, target)

    async def fill(self, response: GetStateResponse, data_type: str) -> None:
        response.log_problem = self._mirror.problem
        hosts = self._agent.announcements()
        asked = [host for host in hosts if data_type in ("", host.model.descriptor.data_type)]
        have = self._looked.private_bytes({host.pid for host in asked if host.pid})
        shared = Counter(host.pid for host in hosts)
        for host in asked:
            host.memory_bytes = have.get(host.pid, 0) // shared[host.pid]
        response.hosts.extend(asked)
        response.work.extend(self._agent.work(data_type))


def main() -> None:
    """Run the executor."""
    run(Executor, ExecutorSettings)
