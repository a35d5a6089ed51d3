"""A collector as its process runs it, with a router and a host that speak to it over the wire."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import grpc

from hedgerow.v1 import collection_pb2 as pb
from hedgerow.v1.collection_pb2_grpc import CollectionServiceStub
from hedgerow.v1.plans_pb2 import Plan
from hedgerow.v1.state_pb2 import GetStateRequest, GetStateResponse
from hedgerow.v1.state_pb2_grpc import StateServiceStub
from services.collector.server import Collector
from services.collector.settings import CollectorSettings
from services.common.telemetry import Tracing
from tests.services.collector.harness import (
    opening_of,
    plan_of,
)
from tests.support import serving

T = TypeVar("T")


async def soon(awaitable: Awaitable[T]) -> T:
    async with asyncio.timeout(10):
        return await awaitable


async def status(call: Any) -> grpc.StatusCode:
    """Read a call to its end; return how it ended."""
    try:
        while await soon(call.read()) is not grpc.aio.EOF:
            pass
    except grpc.aio.AioRpcError:
        pass
    code: grpc.StatusCode = await soon(call.code())
    return code


class Peer:
    """A router and a host in one, on one channel."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.stub = CollectionServiceStub(channel)
        self._state = StateServiceStub(channel)
        self.routing = self.stub.Collect()
        self.hosting = self.stub.Report()

    async def define(self, policy: str = "{consensus: {}}", models: str = "a b c") -> Plan:
        plan = plan_of(policy, models)
        definition = pb.PlanDefinition(key=1, plan=plan)
        await self.routing.write(pb.CollectRequest(plans=[definition]))
        return plan

    async def open(self, *task_ids: int, **options: object) -> None:
        await self.send(opening_of(*task_ids, **options))  # type: ignore[arg-type]

    async def send(self, request: pb.CollectRequest) -> None:
        """Write a frame of a test to the wire, by the real clock."""
        now = time.time_ns()
        for opening in request.openings:
            for task in opening.tasks:
                task.admitted_ns += now - request.sent_ns
                task.deadline_ns += now - request.sent_ns
        request.sent_ns = now
        await self.routing.write(request)

    async def report(self, request: pb.ReportRequest) -> None:
        await self.hosting.write(request)

    async def progress(self) -> pb.TaskProgress:
        """Read until a task says what it waits for."""
        while True:
            response = await soon(self.routing.read())
            assert isinstance(response, pb.CollectResponse), "the stream has ended"
            if response.progress:
                return response.progress[0]

    async def decisions(self, count: int) -> list[pb.TaskDecision]:
        """Read until this many tasks are decided."""
        found: list[pb.TaskDecision] = []
        while len(found) < count:
            response = await soon(self.routing.read())
            assert isinstance(response, pb.CollectResponse), "the stream has ended"
            found.extend(response.decisions)
        return found

    async def state(self, data_type: str = "") -> GetStateResponse:
        return await self._state.GetState(GetStateRequest(data_type=data_type))

    async def gauges(self) -> dict[str, float]:
        return {gauge.name: gauge.value for gauge in (await self.state()).gauges}


@asynccontextmanager
async def collecting(settings: CollectorSettings) -> AsyncIterator[tuple[Collector, Peer]]:
    collector = Collector(settings, Tracing("collector"))
    async with (
        serving(collector, settings) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        yield collector, Peer(channel)
    assert not len(collector.open_tasks)
