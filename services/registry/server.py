"""Wires a registry together."""

from __future__ import annotations

import contextlib

import grpc

from hedgerow.errors import NotFound, Unavailable
from hedgerow.v1.registry_pb2_grpc import add_RegistryServiceServicer_to_server
from hedgerow.v1.state_pb2 import GetStateResponse
from services.common.disk import Memory, StateFile
from services.common.locations import Locations
from services.common.log import Log, Mirror
from services.common.service import Service, run
from services.common.state import STATE_SERVICE, StateServicer
from services.common.telemetry import Tracing
from services.registry.admission import Admission
from services.registry.aliases import Aliases
from services.registry.backups.restoring import Restoring
from services.registry.backups.saving import Saving
from services.registry.housekeeping import Housekeeping, UnusedBytes
from services.registry.ledger import Ledger
from services.registry.lifecycle import Lifecycle
from services.registry.models import Models
from services.registry.plans import Plans
from services.registry.servicer import RegistryServicer
from services.registry.settings import RegistrySettings
from services.registry.watching import Watching

REGISTRY_SERVICE = "hedgerow.v1.RegistryService"


class Registry(Service):
    """The registry. Any number of them may run on one log."""

    name = "registry"
    services = (REGISTRY_SERVICE, STATE_SERVICE)

    def __init__(self, settings: RegistrySettings, tracing: Tracing) -> None:
        super().__init__(tracing)
        self._settings = settings
        self._address = ""
        password = settings.log_password.get_secret_value()
        self._log = Log(settings.log_url, password, names_mesh=True)
        self._mirror = Mirror(self._log.models, keep_lost=True)
        state = StateFile.of(settings.state_dir, self.name, settings.fixed_address)
        self._memory = Memory(state, self._log, self._mirror)
        self._ledger = Ledger(self._log.models, self._mirror)
        limit = settings.max_definition_bytes
        locations = Locations(settings.locations, "HEDGEROW_REGISTRY_LOCATIONS")
        admission = Admission(settings.spool_dir, limit, locations.take)
        unused = UnusedBytes(self._log.definitions, self._ledger)
        patience = settings.empty_log_patience
        self._models = Models(admission, self._log, self._ledger, unused, locations.read, patience)
        self._plans = Plans(self._ledger)
        self._aliases = Aliases(self._ledger)
        self._lifecycle = Lifecycle(self._ledger, unused)
        self._housekeeping = Housekeeping(self._log, self._ledger, settings.takeover_timeout)
        self._watching = Watching(self._log.history, self._ledger, self._mirror)
        self._saving = Saving(self._log, self._ledger, settings.spool_dir)
        self._restoring = Restoring(self._log, self._ledger, settings.spool_dir)

    def add_to(self, server: grpc.aio.Server) -> None:
        """Add the servicers."""
        servicer = RegistryServicer(
            self._models,
            self._plans,
            self._aliases,
            self._lifecycle,
            self._watching,
            self._saving,
            self._restoring,
        )
        add_RegistryServiceServicer_to_server(servicer, server)
        StateServicer(self.name, self.fill).add_to(server)

    async def start(self, address: str) -> None:
        """Read the whole log, however long that may have to be waited for, then tell our address."""
        await self._memory.recall()
        self.background(self._mirror.run(), "follow the log")
        self.background(self._memory.keep(), "keep what is known")
        await self._mirror.caught_up.wait()
        last_ids = self._mirror.catalog.last_ids
        self.background(self._log.compactor.run(last_ids), "compact the log")
        self.background(self._housekeeping.run(), "keep house")
        self._address = address
        self.background(
            self._log.members.keep(self.name, address, self._settings.lease), "keep the lease"
        )

    async def drain(self) -> None:
        """Give the lease back; it runs out by itself where the log is out of reach."""
        self._watching.end()
        if self._address:
            with contextlib.suppress(Unavailable):
                await self._log.members.release(self.name, self._address)
        await self._memory.write()

    async def close(self) -> None:
        """Finish what is being written, then close the connections to the log."""
        await self._models.close()
        await self._log.close()

    async def fill(self, response: GetStateResponse, data_type: str) -> None:
        catalog = self._mirror.catalog
        response.log_problem = self._mirror.problem
        for name in [data_type] if data_type else catalog.data_types:
            with contextlib.suppress(NotFound):
                response.plans.append(catalog.plan(name))


def main() -> None:
    """Run a registry until it is told to stop."""
    run(Registry, RegistrySettings)
