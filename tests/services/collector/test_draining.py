"""A collector that stops."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import grpc

from hedgerow.v1 import collection_pb2 as pb
from services.collector.server import Collector
from services.collector.settings import CollectorSettings
from services.common.telemetry import Tracing
from tests.services.collector.harness import report_of
from tests.services.collector.wire import Peer, collecting, soon, status
from tests.services.decisions import answers, reasons
from tests.support import serving, wait_until


async def test_a_collector_that_stops_decides_first_and_then_sends_routers_away(
    settings: CollectorSettings,
) -> None:
    patient = settings.model_copy(update={"drain_timeout": timedelta(seconds=10)})
    collector = Collector(patient, Tracing("collector"))
    async with serving(collector, patient) as address:
        channel = grpc.aio.insecure_channel(address)
        peer = Peer(channel)
        await peer.define("{timeout: {}}")
        await peer.open(1, deadline=0.2)
        await wait_until(lambda: len(collector.open_tasks) == 1, "the task is open")
        await peer.report(report_of("b", {1: ["x"]}))
    # It has stopped; what it said on the way is still to be read.
    (decided,) = await peer.decisions(1)
    assert answers(decided.decision) == ["x"]
    assert reasons(decided.decision) == ["BEST_AVAILABLE"]
    assert await status(peer.routing) is grpc.StatusCode.UNAVAILABLE
    assert await status(peer.hosting) is grpc.StatusCode.OK
    await channel.close()


async def test_a_collector_that_is_stopping_refuses_routers_and_is_soon_gone(
    settings: CollectorSettings,
) -> None:
    patient = settings.model_copy(update={"drain_timeout": timedelta(seconds=10)})
    async with collecting(patient) as (collector, peer):
        greeting = await soon(peer.routing.read())
        assert isinstance(greeting, pb.CollectResponse)
        assert greeting.HasField("heartbeat")  # it takes tasks
        await peer.define()
        await peer.open(1, deadline=3600)
        await wait_until(lambda: len(collector.open_tasks) == 1, "the task is open")
        draining = asyncio.create_task(collector.drain())
        await wait_until(lambda: collector._servicer._draining, "it drains")
        made: list[object] = []
        collector._servicer._session = made.append  # type: ignore[assignment]
        again = peer.stub.Collect()
        assert await status(again) is grpc.StatusCode.UNAVAILABLE
        assert "stopping" in str(await again.details())
        assert not made
        peer.routing.cancel()
        await soon(draining)


async def test_a_router_that_is_never_quiet_does_not_hold_a_collector_up(
    settings: CollectorSettings,
) -> None:
    async with collecting(settings) as (collector, peer):
        await peer.define()
        await peer.open(1, deadline=3600)
        await wait_until(lambda: len(collector.open_tasks) == 1, "the task is open")
        await asyncio.wait_for(collector.drain(), 5)
        assert await status(peer.routing) is grpc.StatusCode.UNAVAILABLE
