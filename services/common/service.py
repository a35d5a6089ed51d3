"""The bootstrap of all four services: start, health, reflection, signals, drain.

Start: health says NOT_SERVING, the server is up, `Service.start` connects and runs background tasks,
health says SERVING. Stop (SIGTERM or SIGINT): health says NOT_SERVING, `drain_delay` passes,
`Service.drain` ends intake and our own streams and finishes what is in flight, the server stops, the
background tasks end, `Service.close` gives connections back, and telemetry is flushed last.

Liveness is the health service's name "liveness": SERVING as long as the event loop turns. Readiness is
the empty name and the names of the gRPC services.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from abc import ABC, abstractmethod
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

import grpc
import structlog
import uvloop
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from hedgerow.errors import Unavailable
from hedgerow.v1.state_pb2 import GetStateResponse
from services.common import garbage
from services.common.addresses import address_of
from services.common.errors import ErrorInterceptor
from services.common.log import Members
from services.common.logs import configure_logging
from services.common.settings import ServiceSettings, load
from services.common.telemetry import Tracing
from services.common.telemetry.metrics import Metrics
from services.common.wire import SERVER_OPTIONS

_log = structlog.get_logger()

LIVENESS = "liveness"

SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


class Service(ABC):
    """One service of the mesh. Its process has exactly one."""

    name: str
    services: tuple[str, ...]
    """Full names of the gRPC services it serves, for health and reflection."""
    max_concurrent_calls = 4096
    """Calls of all kinds that are served at once, streams among them."""
    server_options: tuple[tuple[str, int], ...] = SERVER_OPTIONS

    def __init__(self, tracing: Tracing) -> None:
        self.tracing = tracing
        self.failed = asyncio.Event()
        self._background: set[asyncio.Task[None]] = set()

    @abstractmethod
    def add_to(self, server: grpc.aio.Server) -> None:
        """Add the servicers."""

    @abstractmethod
    async def start(self, address: str) -> None:
        """Connect, and be ready to serve when it returns. Others reach the service at `address`."""

    async def drain(self) -> None:  # noqa: B027 - nothing to do for some
        """End intake and our own streams; finish what is in flight."""

    async def close(self) -> None:  # noqa: B027 - nothing to do for some
        """Give back connections. Nothing is in flight any more."""

    async def fill(self, response: GetStateResponse, data_type: str) -> None:  # noqa: B027
        """Say what only this service knows, of one data type or of all ("").

        What takes long leaves the loop to others in between: there may be a thousand data types.
        """

    def background(self, coroutine: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run a task for as long as the service lives; if it fails, the service stops and says so."""
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        self._background.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a background task failed", name=task.get_name(), exc_info=error)
            self.failed.set()

    async def join(
        self, members: Members, address: str, lease: timedelta, wait: bool = True
    ) -> None:
        """Hold a lease from now on, and return when others know of it: until then nobody comes.

        Without `wait` it returns at once: the log is out of reach, and who comes remembers the address.
        """
        self.background(members.keep(self.name, address, lease), "keeps the lease")
        if wait:
            await members.taken(self.name, address)

    async def release_lease(self, members: Members, address: str) -> None:
        """Give the lease of this service back, so that others stop coming; it runs out by itself too."""
        with contextlib.suppress(Unavailable):
            await members.release(self.name, address)

    async def end_background(self) -> None:
        """Cancel the background tasks and wait for their end."""
        tasks = list(self._background)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def run(service: type[Service], settings: type[SettingsT]) -> None:
    """Run a service until it is told to stop; the process's exit code says whether it went well."""
    values = load(settings)
    configure_logging(service.name, values.log_level, values.log_format)
    try:
        code = uvloop.run(_run(service, values))
    except Unavailable as error:
        sys.exit(str(error))
    sys.exit(code)


async def _run(kind: type[Service], settings: ServiceSettings) -> int:
    tracing = Tracing(kind.name)
    service = kind(settings, tracing)  # type: ignore[arg-type, call-arg]
    try:
        return await Lifecycle(service, settings).run()
    finally:
        await asyncio.to_thread(tracing.close)


class Lifecycle:
    """Takes one service through its life."""

    def __init__(self, service: Service, settings: ServiceSettings) -> None:
        self._service = service
        self._settings = settings
        self.serving_at = ""
        """Where others reach the service; empty before it serves."""
        self._stop = asyncio.Event()
        self._health = health.aio.HealthServicer()
        self._server = grpc.aio.server(
            interceptors=[ErrorInterceptor()],
            options=service.server_options,
            maximum_concurrent_rpcs=service.max_concurrent_calls,
        )

    async def run(self) -> int:
        """Serve until a signal comes or something fails; return the exit code."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_unheard)
        loop.call_later(garbage.LONGEST_SECONDS, garbage.wake)
        self._listen_for_signals()
        address = await self._start_server()
        metrics = Metrics(self._service.name, self._service.fill)
        try:
            metrics.serve(self._settings.host, self._settings.metrics_port)
            starting = asyncio.ensure_future(self._service.start(address))
            if await self._first(starting) is not starting:
                starting.cancel()
                await asyncio.gather(starting, return_exceptions=True)
            else:
                await starting
                await self._say(health_pb2.HealthCheckResponse.SERVING)
                self.serving_at = address
                garbage.wake()
                _log.info("the service serves", address=address)
                await self._first(None)
        finally:
            await self._shut_down()
            await asyncio.to_thread(metrics.close)
        return 1 if self._service.failed.is_set() else 0

    def stop(self) -> None:
        """Have `run` end, as a signal does."""
        self._stop.set()

    async def _first(self, other: asyncio.Future[None] | None) -> object:
        """Wait for a signal, a failure or `other`, whichever is first; return which."""
        waits = {
            asyncio.ensure_future(self._stop.wait()),
            asyncio.ensure_future(self._service.failed.wait()),
        }
        done, _ = await asyncio.wait(
            waits | ({other} if other else set()), return_when=asyncio.FIRST_COMPLETED
        )
        for wait in waits:
            wait.cancel()
        return other if other in done else None

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)

    async def _start_server(self) -> str:
        names = self._service.services
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection(
            (*names, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server
        )
        self._service.add_to(self._server)
        await self._say(health_pb2.HealthCheckResponse.NOT_SERVING)
        await self._health.set(LIVENESS, health_pb2.HealthCheckResponse.SERVING)
        host, port = self._settings.host, self._settings.port
        try:
            bound = self._server.add_insecure_port(address_of(host, port))
        except RuntimeError as error:  # all that gRPC says of an address that it cannot have
            raise Unavailable(
                f"{self._service.name}: cannot listen on {address_of(host, port)}; does another process?"
            ) from error
        await self._server.start()
        return self._settings.address(bound)

    async def _say(self, status: int) -> None:
        for name in ("", *self._service.services):
            await self._health.set(name, status)

    async def _shut_down(self) -> None:
        _log.info("the service drains")
        await self._say(health_pb2.HealthCheckResponse.NOT_SERVING)
        if self._settings.drain_delay:
            await asyncio.sleep(self._settings.drain_delay.total_seconds())
        grace = self._settings.stop_grace.total_seconds()
        # Not wait_for: in Python 3.11 it can lose a cancellation.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace):
                await self._service.drain()
        await self._server.stop(grace)
        await self._service.end_background()
        await self._service.close()
        _log.info("the service has ended")


def _unheard(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what nobody waits for any more, as a line like any other.

    When a connection is given up while its name is looked up, the answer to that comes too late.
    """
    _log.info(
        "nobody waited for an error", what=context["message"], exc_info=context.get("exception")
    )
