"""The way of a host until it serves: its turn, its definition, its process.

Only so many hosts load at the same time, for more would slow down those that serve. A host that replaces
one that died does not wait behind versions that are new: there are as many turns again for those.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from services.common.logs import fields_of
from services.executor.definition_cache import DefinitionCache
from services.executor.host.spec import HostSpec
from services.executor.host_ports import HostPorts
from services.executor.host_process import HostProcess
from services.executor.settings import ExecutorSettings

_log = structlog.get_logger()


class Loading:
    """Of all hosts of an executor."""

    def __init__(
        self, settings: ExecutorSettings, definitions: DefinitionCache, ports: HostPorts
    ) -> None:
        self._settings = settings
        self._definitions = definitions
        self._ports = ports
        self._new = asyncio.Semaphore(settings.loads_at_once)
        self._replacements = asyncio.Semaphore(settings.loads_at_once)

    async def load(self, host: HostProcess, replaces: bool, is_wanted: Callable[[], bool]) -> None:
        """Start a host, and have its turn until it serves or has ended.

        One that `is_wanted` no more when its turn comes is abandoned. Raises LimitExceeded if there is
        no port for it, and another HedgerowError if the definition cannot be had now.
        """
        async with self._replacements if replaces else self._new:
            if not is_wanted():
                host.abandon()
                return
            definition = await self._definitions.path_of(host.model)
            spec = self._spec(host, definition)
            _log.info("a host loads its model", **fields_of(host.model))
            await host.start(spec)
            await host.loaded.wait()

    def _spec(self, host: HostProcess, definition: Path) -> HostSpec:
        settings = self._settings
        return HostSpec(
            model=host.model.SerializeToString(),
            definition=definition,
            heartbeat=host.heartbeat_path,
            listen=settings.host,
            port=self._ports.take(host),
            advertise=settings.advertised_host,
            row_limit=settings.row_limit,
            drain_seconds=settings.drain_timeout.total_seconds(),
            log_level=settings.log_level,
            log_format=settings.log_format,
        )
