"""The way of a host until it serves: its definition, its turn, its process.

Only so many hosts load at the same time, for more would slow down those that serve. A host that replaces
one that died does not wait behind versions that are new: there are as many turns again for those. What is
slow to fetch, from a place outside of the mesh, holds up other fetches alone, and none that is on disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from hedgerow.errors import HedgerowError, LimitExceeded
from hedgerow.locations.stores import Inaccessible
from hedgerow.v1.models_pb2 import ModelVersion
from services.executor.definition_cache import DefinitionCache, DiskFull
from services.executor.host.spec import HostSpec, ModelSpec
from services.executor.host_ports import HostPorts
from services.executor.processes.host_process import HostProcess
from services.executor.settings import ExecutorSettings
from services.executor.versions.setbacks import Lasts

_log = structlog.get_logger()

_FETCHES_AT_ONCE = 4
"""Each has a few MiB in memory, and waits most of the time."""


def how_long(error: HedgerowError) -> Lasts:
    """Tell how long what `Loading.load` raised may last."""
    if isinstance(error, LimitExceeded):
        return Lasts.UNTIL_PORT
    if isinstance(error, DiskFull):
        return Lasts.UNTIL_ROOM
    return Lasts.UNTIL_CHANGED if isinstance(error, Inaccessible) else Lasts.A_WHILE


class Loading:
    """Of all hosts of an executor."""

    def __init__(
        self, settings: ExecutorSettings, definitions: DefinitionCache, ports: HostPorts
    ) -> None:
        self._settings = settings
        self._definitions = definitions
        self._ports = ports
        self._fetches = asyncio.Semaphore(_FETCHES_AT_ONCE)
        self._new = asyncio.Semaphore(settings.loads_at_once)
        self._replacements = asyncio.Semaphore(settings.loads_at_once)

    async def load(
        self,
        host: HostProcess,
        replaces: bool,
        batch_rows: Callable[[ModelVersion], tuple[int, ...]],
        is_wanted: Callable[[], bool],
    ) -> None:
        """Start a host, and have its turn until it serves or has ended.

        Its models are warmed up with batches of `batch_rows` as well. One that `is_wanted` no more when its
        turn comes is abandoned. Raises LimitExceeded if there is no port for it, and another HedgerowError
        if a definition, or its verification, cannot be had now.
        """
        for model in host.models:
            if not await self._definitions.has(model):
                async with self._fetches:
                    if is_wanted():
                        await self._definitions.definition_of(model)
        async with self._replacements if replaces else self._new:
            if not is_wanted():
                host.abandon()
                return
            specs = [await self._model(model, batch_rows(model)) for model in host.models]
            _log.info("a host loads its models", **host.fields)
            await host.start(self._spec(host, tuple(specs)))
            await host.loaded.wait()

    async def _model(self, model: ModelVersion, batch_rows: tuple[int, ...]) -> ModelSpec:
        return ModelSpec(
            model=model.SerializeToString(),
            definition=await self._definitions.definition_of(model),
            verification=await self._definitions.verification_of(model),
            batch_rows=batch_rows,
        )

    def _spec(self, host: HostProcess, models: tuple[ModelSpec, ...]) -> HostSpec:
        settings = self._settings
        return HostSpec(
            models=models,
            heartbeat=host.heartbeat_path,
            listen=settings.host,
            port=self._ports.take(host),
            advertise=settings.advertised_host,
            row_limit=settings.row_limit,
            drain_seconds=settings.drain_timeout.total_seconds(),
            log_level=settings.log_level,
            log_format=settings.log_format,
        )
