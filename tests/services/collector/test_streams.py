"""How streams to a collector end, and what becomes of what is under way in them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc

from hedgerow.v1 import collection_pb2 as pb
from services.collector.server import Collector
from services.collector.settings import CollectorSettings
from services.common.telemetry import Tracing
from tests.services.collector.harness import opening_of, plan_of, report_of
from tests.services.collector.wire import collecting, soon, status
from tests.support import wait_until


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


async def test_a_report_that_does_not_fit_together_costs_its_own_tasks_and_no_others(
    settings: CollectorSettings,
) -> None:
    async with collecting(settings) as (collector, peer):
        await peer.define()
        for task_id in (1, 2):
            await peer.open(task_id, deadline=60)
        await wait_until(lambda: len(collector.open_tasks) == 2, "the tasks are open")
        request = report_of("a", {1: ["x"]})
        request.results[0].rows = 2
        await peer.report(request)
        await peer.report(report_of("a", {2: ["x"]}))
        counts = collector._statistics.of("wine", "a", 1)
        await wait_until(lambda: counts.answered == 1, "its neighbour counts")
        assert counts.failed == 1
