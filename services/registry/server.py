"""Wires a registry together."""

from __future__ import annotations

import contextlib

import grpc

from hedgerow.errors import NotFound, Unavailable
from hedgerow.v1.registry_pb2_grpc import add_RegistryServiceServicer_to_server
from hedgerow.v1.state_pb2 import GetStateResponse
from services.common.log import Log, Mirror
from services.common.service import Service, run
from services.common.state import STATE_SERVICE, StateServicer
from services.common.telemetry import Tracing
from services.registry.admission import Admission
from services.registry.ledger import Ledger
from services.registry.models import Models
from services.registry.plans import Plans
from services.registry.servicer import RegistryServicer
from services.registry.settings import RegistrySettings

REGISTRY_SERVICE = "hedgerow.v1.RegistryService"


class Registry(Service):
    """The registry. Any number of them may run on one log."""

    name = "registry"
    services = (REGISTRY_SERVICE, STATE_SERVICE)

    def __init__(self, settings: RegistrySettings, tracing: Tracing) -> None:
        super().__init__(tracing)
        self._settings = settings
        self._address = ""
        self._log = Log(settings.log_url, settings.log_password.get_secret_value())
        self._mirror = Mirror(self._log.models)
        self._ledger = Ledger(self._log.models, self._mirror)
        admission = Admission(settings.spool_dir, settings.max_definition_bytes)
        self._models = Models(admission, self._log, self._ledger)
        self._plans = Plans(self._ledger)

    def add_to(self, server: grpc.aio.Server) -> None:
        """Add the servicers."""
        servicer = RegistryServicer(self._models, self._plans)
        add_RegistryServiceServicer_to_server(servicer, server)
        StateServicer(self.name, self.fill).add_to(server)

    async def start(self, address: str) -> None:
        """Read the whole log, however long that may have to be waited for, then tell our address."""
        self.background(self._mirror.run(), "follow the log")
        await self._mirror.caught_up.wait()
        self._address = address
        self.background(
            self._log.members.keep(self.name, address, self._settings.lease), "keep the lease"
        )

    async def drain(self) -> None:
        """Give the lease back; it runs out by itself where the log is out of reach."""
        if self._address:
            with contextlib.suppress(Unavailable):
                await self._log.members.release(self.name, self._address)

    async def close(self) -> None:
        """Finish what is being written, then close the connections to the log."""
        await self._models.close()
        await self._log.close()

    def fill(self, response: GetStateResponse, data_type: str) -> None:
        catalog = self._mirror.catalog
        for name in [data_type] if data_type else catalog.data_types:
            with contextlib.suppress(NotFound):
                response.plans.append(catalog.plan(name))


def main() -> None:
    """Run a registry until it is told to stop."""
    run(Registry, RegistrySettings)
