"""A service that says it is ready is of use: nothing that it is asked fails because it came too early."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from structlog.testing import capture_logs

from hedgerow import AsyncClient
from hedgerow.local.valkey import Valkey
from hedgerow.v1.execution_pb2_grpc import add_ExecutorServiceServicer_to_server
from services.collector.server import Collector
from services.collector.settings import CollectorSettings
from services.common.log import Log
from services.common.service import Lifecycle
from services.common.telemetry import Tracing
from services.common.wire import SERVER_OPTIONS
from services.executor.servicer import Announcements, ExecutorServicer
from services.executor.versions.served import Served
from tests.end_to_end.routers import Routers, routers
from tests.support import wait_until

_LEASE = timedelta(seconds=30)


@pytest.fixture
async def mesh(log: Log, log_url: str) -> AsyncIterator[Routers]:
    async with routers(log, log_url) as made:
        yield made


async def test_a_router_is_not_ready_before_it_has_reached_those_whom_it_needs(
    mesh: Routers, log: Log
) -> None:
    slow = grpc.aio.server(options=SERVER_OPTIONS)
    announcements = Announcements()
    announcements.publish([])
    add_ExecutorServiceServicer_to_server(ExecutorServicer(announcements, Served()), slow)
    address = f"127.0.0.1:{slow.add_insecure_port('127.0.0.1:0')}"
    keep = asyncio.create_task(log.members.keep("executor", address, _LEASE))
    await log.members.taken("executor", address)
    starting = asyncio.create_task(mesh.router(), name="start a router")
    done, _ = await asyncio.wait({starting}, timeout=0.7)
    assert not done
    await slow.start()
    router = await starting
    async with AsyncClient(router.address) as client:
        assert (await client.score("wine", {"ash": 2.0})).value == "2"
    keep.cancel()
    announcements.close()
    await slow.stop(0)


async def test_a_router_does_not_wait_for_ever_for_whom_it_cannot_reach(
    mesh: Routers, log: Log
) -> None:
    gone = "127.0.0.1:1"
    keep = asyncio.create_task(log.members.keep("executor", gone, _LEASE))
    await log.members.taken("executor", gone)
    with capture_logs() as said:
        router = await mesh.router()
    events = {line["event"]: line for line in said}
    assert events["the router is ready although it has not reached all"]["addresses"] == [gone]
    async with AsyncClient(router.address) as client:
        assert (await client.score("wine", {"ash": 2.0})).value == "2"
    keep.cancel()


async def test_a_collector_is_ready_once_others_know_of_it(tmp_path: Path) -> None:
    server = Valkey(tmp_path)
    await server.start()
    url, port = server.url, server.port
    await server.stop()
    settings = CollectorSettings.model_validate({"log_url": url, "port": 0})
    lifecycle = Lifecycle(Collector(settings, Tracing("collector")), settings)
    with capture_logs() as said:
        run = asyncio.create_task(lifecycle.run(), name="run the collector")
        await wait_until(lambda: said, "it has tried")
    assert said[0]["event"] == "the lease could not be renewed"
    assert not lifecycle.serving_at
    server = Valkey(tmp_path, port)
    await server.start()
    await wait_until(lambda: lifecycle.serving_at, "it is ready")
    log = Log(url)
    assert await log.members.list("collector") == [lifecycle.serving_at]
    await log.close()
    lifecycle.stop()
    assert await run == 0
    await server.stop()
