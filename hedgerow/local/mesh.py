"""A whole mesh on this machine: the log and the four services, each a process.

Start: the log first, then the services side by side; all are ready when `start` returns. Stop: the router
first, so that nothing new comes in, and the log last, so that everyone can still write to it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any

from hedgerow.local.environment import SERVICES, check_installed, environment_of
from hedgerow.local.folder import Folder
from hedgerow.local.ports import HOST, Ports
from hedgerow.local.process import ServiceProcess
from hedgerow.local.valkey import Valkey

READY_SECONDS = 60.0
_STOP_SECONDS = 8.0
_STOP_ORDER = ("router", "executor", "collector", "registry")

# As Kubernetes would: at once, then ever later, and from the beginning again after a good while.
_FIRST_DELAY_SECONDS = 0.5
_LONGEST_DELAY_SECONDS = 30.0
_GOOD_WHILE_SECONDS = 60.0
_LOG_CHECK_SECONDS = 1.0

Tell = Callable[[str, str], None]
"""Called with a part's name and what it does ("starts", "is ready", ...)."""


class LocalMesh:
    """The parts of one mesh."""

    def __init__(
        self, folder: Folder, ports: Ports, tell: Tell, environment: Mapping[str, str] | None = None
    ) -> None:
        self.ports = ports
        self._folder = folder
        self._tell = tell
        self._log = Valkey(folder.log, ports.log)
        self._services = {
            name: ServiceProcess(
                name,
                ports.address(name),
                environment_of(name, ports, folder, environment or {}),
                folder.log_file(name),
            )
            for name in SERVICES
        }

    @property
    def processes(self) -> dict[str, int]:
        """The process of each part that has one."""
        found = {name: service.pid for name, service in self._services.items()}
        return {**found, "log": self._log.pid or 0}

    async def start(self) -> None:
        """Start everything and return when it serves. Raises Unavailable, and leaves nothing running."""
        check_installed()
        self._start_log_files_anew()
        try:
            self._tell("log", "starts")
            await self._log.start(READY_SECONDS)
            self._tell("log", "is ready")
            await _together({name: self._start_service(name) for name in SERVICES})
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop everything in order. No process is left, whatever state it was in."""
        for name in _STOP_ORDER:
            if self._services[name].is_running:
                self._tell(name, "stops")
            await self._services[name].stop(_STOP_SECONDS)
        if self._log.pid:
            self._tell("log", "stops")
        await self._log.stop(_STOP_SECONDS)

    async def an_end(self) -> str:
        """Wait until one of the services ends, and return a line that says which, how and why."""
        waits = {
            asyncio.create_task(service.end(), name=f"wait for the {name}'s end")
            for name, service in self._services.items()
        }
        try:
            ended, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return ended.pop().result()
        finally:
            for wait in waits:
                wait.cancel()

    async def keep_running(self) -> None:
        """Start again whatever ends, until this is cancelled. Raises Unavailable where that fails."""
        services = {name: self._keep_service(name) for name in SERVICES}
        await _together({**services, "log": self._keep_log()})

    async def _start_service(self, name: str) -> None:
        self._tell(name, "starts")
        await self._services[name].start()
        await self._services[name].wait_until_ready(READY_SECONDS)
        self._tell(name, "is ready")

    async def _keep_service(self, name: str) -> None:
        service = self._services[name]
        delay = _FIRST_DELAY_SECONDS
        while True:
            since = time.monotonic()
            how = await service.wait()
            if time.monotonic() - since > _GOOD_WHILE_SECONDS:
                delay = _FIRST_DELAY_SECONDS
            self._tell(name, f"{how}; it starts again in {delay:g} s")
            await service.stop(0)  # what it had started
            await asyncio.sleep(delay)
            delay = min(2 * delay, _LONGEST_DELAY_SECONDS)
            await service.start()

    async def _keep_log(self) -> None:
        while True:
            await asyncio.sleep(_LOG_CHECK_SECONDS)
            if not await self._log_listens():
                self._tell("log", "ended; it starts again")
                await self._log.stop(0)
                await self._log.start(READY_SECONDS)
                self._tell("log", "is ready")

    async def _log_listens(self) -> bool:
        with suppress(OSError):
            _, writer = await asyncio.open_connection(HOST, self.ports.log)
            writer.close()
            return True
        return False

    def _start_log_files_anew(self) -> None:
        """Keep the log files of the run before as `*.log.1`, and no older ones."""
        for name in SERVICES:
            with suppress(FileNotFoundError):
                file = self._folder.log_file(name)
                file.replace(file.with_suffix(".log.1"))


async def _together(work: Mapping[str, Coroutine[Any, Any, None]]) -> None:
    """Do all of it side by side; where something fails, end the rest and raise the first failure."""
    try:
        async with asyncio.TaskGroup() as group:
            for name, coroutine in work.items():
                group.create_task(coroutine, name=f"{name} of the mesh")
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
