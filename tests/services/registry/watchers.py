"""Registries by their addresses, and those who watch them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hedgerow.client.history.watching import Seen, watch_models
from services.common.telemetry import Tracing
from services.registry.server import Registry
from services.registry.settings import RegistrySettings
from tests.support import serving, wait_until


def running(settings: RegistrySettings) -> Any:
    """Run a registry; gives its address."""
    return serving(Registry(settings, Tracing("registry")), settings)


class Watcher:
    """What one who watches has seen."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.interruptions: list[str] = []

    @property
    def names(self) -> list[str]:
        """The versions whose pushes were seen, `wine/tree@1`."""
        models = [one.event.pushed.model for one in self.seen if one.event is not None]
        return [f"{m.descriptor.data_type}/{m.descriptor.name}@{m.version}" for m in models]

    async def sees(self, *names: str) -> None:
        await wait_until(lambda: self.names == list(names), f"{names} were seen", timeout=5)


@asynccontextmanager
async def watching(address: str, data_type: str = "", **said: Any) -> AsyncIterator[Watcher]:
    """Watch a registry, and stop at the end."""
    watcher = Watcher()

    async def watch() -> None:
        def interrupted(error: Exception) -> None:
            watcher.interruptions.append(str(error))

        async for one in watch_models(address, data_type, interrupted=interrupted, **said):
            watcher.seen.append(one)

    task = asyncio.create_task(watch())
    try:
        yield watcher
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
