"""Routers, whole services in this process, before one host that says what it was asked.

Clients reach each through a `Line` that a test can cut, as the death of a router's process would.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import grpc

from hedgerow.plans.plan import plan_from_yaml
from hedgerow.v1.events_pb2 import ModelEvent, ModelPushed
from hedgerow.v1.execution_pb2_grpc import add_ExecutorServiceServicer_to_server
from hedgerow.v1.models_pb2 import (
    Feature,
    ModelDescriptor,
    ModelVersion,
    Signature,
)
from hedgerow.v1.records_pb2 import TraceContext
from hedgerow.v1.scoring_pb2 import Decision, ScoreRequest
from services.collector.server import Collector
from services.collector.settings import CollectorSettings
from services.common.log import Log
from services.common.service import Lifecycle
from services.common.telemetry import Tracing
from services.common.wire import SERVER_OPTIONS
from services.executor.servicer import Announcements, ExecutorServicer
from services.executor.versions.served import Served
from services.router.server import Router
from services.router.settings import RouterSettings
from tests.services.router.in_process_host import InProcessHost
from tests.support import serving, wait_until

_PLAN = """
data_type: wine
models: [{name: echo}]
policy: {deadline: 20s, quality: {good_enough: 0}}
"""
_LEASE = timedelta(seconds=30)


class Line:
    """Forwards connections to a server, until it is cut."""

    def __init__(self, target: str) -> None:
        self._host, _, port = target.rpartition(":")
        self._port = int(port)
        self._server: asyncio.Server | None = None
        self._pumps: set[asyncio.Task[None]] = set()
        self._whole = asyncio.Event()
        self._whole.set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> str:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def silence(self) -> None:
        """Close nothing and forward nothing, as when a machine is lost."""
        self._whole.clear()

    async def cut(self) -> None:
        """End all connections and take no more."""
        assert self._server is not None
        self._server.close()
        for pump in self._pumps:
            pump.cancel()
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection(self._host, self._port)
        except OSError:  # the server has ended
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        for source, target in ((reader, back), (there, writer)):
            self._pumps.add(asyncio.create_task(self._pump(source, target), name="forwards"))

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                await self._whole.wait()
                target.write(data)
                await target.drain()
            target.close()


class RunningRouter:
    """A router, and how often it was asked."""

    def __init__(self, settings: RouterSettings) -> None:
        self.service = Router(settings, Tracing("router"))
        self._lifecycle = Lifecycle(self.service, settings)
        self._run: asyncio.Task[int] | None = None
        self._score = self.service.scoring.score
        self.service.scoring.score = self._counted  # type: ignore[method-assign]
        self.line: Line | None = None
        self.asked = 0
        self.address = ""

    async def start(self) -> None:
        self._run = asyncio.create_task(self._lifecycle.run(), name="run a router")
        await wait_until(lambda: self._lifecycle.serving_at, "the router serves")
        self.line = Line(self._lifecycle.serving_at)
        self.address = await self.line.start()

    @property
    def in_flight(self) -> int:
        return self.service.scoring.in_flight

    async def terminate(self) -> None:
        """Do what SIGTERM does, up to the end."""
        assert self._run is not None
        self._lifecycle.stop()
        assert await self._run == 0

    async def kill(self) -> None:
        """Have it gone for its clients, with all that it was about to answer."""
        assert self.line is not None
        await self.line.cut()

    async def _counted(
        self,
        request: ScoreRequest,
        time_left: float | None,
        trace: TraceContext | None,
        arrived: int = 0,
        *,
        suspect: bool = False,
    ) -> Decision:
        self.asked += 1
        return await self._score(request, time_left, trace, arrived, suspect=suspect)


class Routers:
    """The mesh. Its model says of a record what its feature `ash` is."""

    def __init__(self, stack: AsyncExitStack, log: Log, log_url: str) -> None:
        self._stack = stack
        self._log = log
        self._log_url = log_url
        self.host = InProcessHost(_version(), lambda value: (f"{value:g}", 1.0))

    async def start(self) -> None:
        settings = CollectorSettings.model_validate(
            {"log_url": self._log_url, "port": 0, "drain_timeout": "0ms", "stop_grace": "100ms"}
        )
        collector = Collector(settings, Tracing("collector"))
        await self._stack.enter_async_context(serving(collector, settings))
        await self._host()
        pushed = ModelEvent(pushed=ModelPushed(model=self.host.version))
        applied = ModelEvent(plan_applied=plan_from_yaml(_PLAN))
        entry = await self._log.models.append("wine", pushed, "0-0")
        await self._log.models.append("wine", applied, entry.id)

    async def _host(self) -> None:
        await self.host.start(held=False)
        self._stack.push_async_callback(self.host.close)
        announcements = Announcements()
        announcements.publish([self.host.announcement()])
        server = grpc.aio.server(options=SERVER_OPTIONS)
        add_ExecutorServiceServicer_to_server(ExecutorServicer(announcements, Served()), server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        self._stack.push_async_callback(server.stop, 0)
        self._stack.callback(announcements.close)
        keep = self._log.members.keep("executor", f"127.0.0.1:{port}", _LEASE)
        self._stack.callback(asyncio.create_task(keep, name="keeps the lease").cancel)

    async def router(self, **settings: Any) -> RunningRouter:
        """Start a router; it can score when this returns."""
        values = {"log_url": self._log_url, "port": 0, "discover_every": "50ms", **settings}
        router = RunningRouter(RouterSettings.model_validate(values))
        self._stack.push_async_callback(router.kill)
        self._stack.push_async_callback(router.terminate)
        await router.start()
        return router

    async def two(self, **settings: Any) -> tuple[RunningRouter, RunningRouter]:
        return await self.router(**settings), await self.router(**settings)


def _version() -> ModelVersion:
    return ModelVersion(
        descriptor=ModelDescriptor(data_type="wine", name="echo"),
        signature=Signature(features=[Feature(name="ash")]),
        version=1,
    )


def all_of(*routers: RunningRouter) -> str:
    """Return the target that stands for several."""
    return "ipv4:" + ",".join(router.address for router in routers)


@asynccontextmanager
async def routers(log: Log, log_url: str) -> AsyncIterator[Routers]:
    """Run a host and a collector; start routers before them."""
    async with AsyncExitStack() as stack:
        made = Routers(stack, log, log_url)
        await made.start()
        yield made
