"""A collector as its process runs it, with a router and a host that speak to it over the wire."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar

import grpc
import pytest

from hedgerow.v1 import collection_pb2 as pb
from hedgerow.v1.collection_pb2_grpc import CollectionServiceStub
from hedgerow.v1.plans_pb2 import Plan
from hedgerow.v1.state_pb2 import GetStateRequest, GetStateResponse
from hedgerow.v1.state_pb2_grpc import StateServiceStub
from services.collector.server import Collector
from services.collector.settings import CollectorSettings
from services.common.log import Log
from services.common.telemetry import Tracing
from tests.services.collector.harness import (
    answers,
    failure_of,
    opening_of,
    plan_of,
    reasons,
    report_of,
    states,
)
from tests.support import serving, wait_until

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


@pytest.fixture
def settings(log_url: str) -> CollectorSettings:
    return CollectorSettings(log_url=log_url, port=0, drain_timeout=timedelta(milliseconds=50))


@asynccontextmanager
async def collecting(settings: CollectorSettings) -> AsyncIterator[tuple[Collector, Peer]]:
    collector = Collector(settings, Tracing("collector"))
    async with (
        serving(collector, settings) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        yield collector, Peer(channel)
    assert not len(collector.open_tasks)


async def test_a_task_goes_its_whole_way(settings: CollectorSettings) -> None:
    async with collecting(settings) as (_, peer):
        await peer.define()
        await peer.open(1, 2, deadline=60)
        for model in "abc":
            await peer.report(report_of(model, {1: ["x"], 2: [model]}, confidence=0.5))
        first, second = await peer.decisions(2)
        assert (first.task_id, second.task_id) == (1, 2)
        assert answers(first.decision) == ["x"]
        assert reasons(first.decision) == ["CONSENSUS"]
        assert reasons(second.decision) == ["PLURALITY"]
        assert first.decision.elapsed.ToMilliseconds() < 60_000
        assert await peer.gauges() == {"tasks_in_flight": 0, "early_results": 0}


async def test_the_deadline_decides(settings: CollectorSettings) -> None:
    async with collecting(settings) as (_, peer):
        await peer.define("{timeout: {}, default: {value: w}}")
        await peer.open(1, deadline=0.02)
        (decided,) = await peer.decisions(1)
        assert decided.deadline_reached
        assert answers(decided.decision) == ["w"]
        assert decided.decision.elapsed.ToMilliseconds() >= 20
        assert set(states(decided.decision).values()) == {"LATE"}


async def test_results_may_overtake_the_opening(settings: CollectorSettings) -> None:
    async with collecting(settings) as (_, peer):
        await peer.define("{timeout: {}}")
        await peer.report(report_of("a", {1: ["x"]}))

        async def is_there() -> bool:
            return (await peer.gauges())["early_results"] == 1

        await wait_until(is_there, "the early result is there")
        await peer.open(1, deadline=60)
        (decided,) = await peer.decisions(1)
        assert answers(decided.decision) == ["x"]


async def test_early_results_expire_by_themselves(settings: CollectorSettings) -> None:
    hasty = settings.model_copy(update={"keep_early": timedelta(milliseconds=10)})
    async with collecting(hasty) as (_, peer):
        await peer.report(report_of("a", {1: ["x"]}))

        async def is_late() -> bool:
            return [stats.late for stats in (await peer.state()).models] == [1]

        await wait_until(is_late, "the early result is dropped and counted as late")
        assert (await peer.gauges())["early_results"] == 0


async def test_losses_and_failures_arrive(settings: CollectorSettings) -> None:
    async with collecting(settings) as (_, peer):
        await peer.define("{timeout: {}}")
        await peer.open(1, deadline=60)
        loss = pb.Loss(model=0, reason="its host died", task_ids=[1])
        await peer.send(pb.CollectRequest(losses=[loss]))
        await peer.report(failure_of("b", 1))
        await peer.report(report_of("c", {1: ["x"]}))
        (decided,) = await peer.decisions(1)
        assert states(decided.decision) == {"a": "FAILED", "b": "FAILED", "c": "ANSWERED"}


async def test_a_model_is_started_on_doubt_and_tasks_are_cancelled(
    settings: CollectorSettings,
) -> None:
    async with collecting(settings) as (collector, peer):
        await peer.define()
        await peer.open(1, deadline=60, rows=2, held=0b100, progress=True)
        await peer.report(report_of("a", {1: ["x", "x"]}))
        await peer.report(report_of("b", {1: ["x", "y"]}))
        while (progress := await peer.progress()).ended != 0b011:
            assert progress == pb.TaskProgress(task_id=1, ended=0b001)
        assert progress == pb.TaskProgress(task_id=1, ended=0b011, undecided=[1])
        launch = pb.Launch(model=2, task_ids=[1])
        await peer.send(pb.CollectRequest(launches=[launch]))
        await peer.report(report_of("c", {1: ["y"]}, records=[1]))
        (decided,) = await peer.decisions(1)
        assert answers(decided.decision) == ["x", "y"]
        await peer.open(2, deadline=60)
        await peer.send(pb.CollectRequest(cancelled=[2]))
        await peer.open(3, versions=[0, 0, 0])
        (decided,) = await peer.decisions(1)
        assert decided.task_id == 3
        assert not len(collector.open_tasks)
        (stats,) = [stats for stats in (await peer.state()).models if stats.name == "c"]
        assert (stats.records, stats.agreed, stats.alone) == (1, 1, 0)


async def test_the_state_tells_what_was_counted(settings: CollectorSettings) -> None:
    async with collecting(settings) as (_, peer):
        await peer.define("{timeout: {}}", "a")
        await peer.open(1, versions=[1], deadline=60)
        await peer.report(report_of("a", {1: ["x"]}))
        await peer.decisions(1)
        state = await peer.state("wine")
        assert state.service == "collector"
        (stats,) = state.models
        assert (stats.name, stats.answered, stats.chosen) == ("a", 1, 1)
        assert not (await peer.state("iris")).models


async def test_a_router_that_goes_takes_its_tasks_with_it(settings: CollectorSettings) -> None:
    async with collecting(settings) as (collector, peer):
        for leave in (peer.routing.done_writing, None):
            await peer.define()
            await peer.open(1, deadline=60)
            await wait_until(lambda: len(collector.open_tasks) == 1, "the task is open")
            if leave is not None:
                await leave()
                assert await status(peer.routing) is grpc.StatusCode.OK
            else:
                peer.routing.cancel()
            await wait_until(lambda: not len(collector.open_tasks), "its task is forgotten")
            peer.routing = peer.stub.Collect()


class SlowStream:
    """A stream to a router that takes its time to read."""

    def __init__(self) -> None:
        self.reads = asyncio.Event()
        self.written: list[pb.CollectResponse] = []

    async def write(self, response: pb.CollectResponse) -> None:
        await self.reads.wait()
        self.written.append(response)


async def test_what_was_decided_is_written_before_the_stream_ends(log_url: str) -> None:
    collector = Collector(CollectorSettings(log_url=log_url), Tracing("collector"))
    definition = pb.PlanDefinition(key=1, plan=plan_of("{timeout: {}}", "a"))

    async def requests() -> AsyncIterator[pb.CollectRequest]:
        yield pb.CollectRequest(plans=[definition])
        for task_id in (1, 2):
            yield opening_of(task_id, versions=[0])

    stream = SlowStream()
    collecting = asyncio.create_task(collector._servicer.Collect(requests(), stream))  # type: ignore[arg-type]
    done, _ = await asyncio.wait({collecting}, timeout=0.05)
    assert not done
    stream.reads.set()
    await soon(collecting)
    assert [decision.task_id for frame in stream.written for decision in frame.decisions] == [1, 2]
    await collector.close()


async def test_a_host_may_end_its_stream(settings: CollectorSettings) -> None:
    async with collecting(settings) as (_, peer):
        await peer.report(report_of("a", {1: ["x"]}))
        await peer.hosting.done_writing()
        assert await status(peer.hosting) is grpc.StatusCode.OK


async def test_an_opening_of_a_plan_nobody_defined_ends_the_stream(
    settings: CollectorSettings,
) -> None:
    async with collecting(settings) as (_, peer):
        await peer.open(1)
        assert await status(peer.routing) is grpc.StatusCode.INVALID_ARGUMENT
        assert "plan 1 was not defined" in str(await peer.routing.details())


async def test_a_report_that_does_not_fit_together_ends_the_stream(
    settings: CollectorSettings,
) -> None:
    async with collecting(settings) as (_, peer):
        request = report_of("a", {1: ["x"]})
        request.results[0].rows = 2
        await peer.report(request)
        assert await status(peer.hosting) is grpc.StatusCode.INVALID_ARGUMENT


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
        assert await soon(peer.routing.read()) == pb.CollectResponse()  # it takes tasks
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


async def test_a_collector_tells_its_address_and_takes_it_back(
    settings: CollectorSettings, log: Log
) -> None:
    collector = Collector(settings, Tracing("collector"))
    async with serving(collector, settings) as address:

        async def is_listed() -> bool:
            return await log.members.list("collector") == [address]

        await wait_until(is_listed, "the collector holds a lease")
    assert await log.members.list("collector") == []
