"""Reports results to the collectors that tasks name: one stream a collector, opened when it is needed.

A stream that breaks is dropped with what it had not sent, and routers are told: they start again what may
be lost, elsewhere, and keep away from that collector where they can. They are told again when it is back;
until then a report for it is still tried, for it may be the only one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import grpc
import structlog

from hedgerow.v1.collection_pb2 import ReportRequest, TaskResult
from hedgerow.v1.collection_pb2_grpc import CollectionServiceStub
from hedgerow.v1.models_pb2 import ModelVersion
from services.common.wire import CHANNEL_OPTIONS
from services.executor.host.scoring import Scored

_log = structlog.get_logger()

_PROBE_SECONDS = 60.0
"""How long a lost collector is looked for; one that comes back later is found by the next report to it."""

Told = Callable[[str, bool], None]
"""Called with the address of a collector, and whether it can be reached now."""


class Reports:
    """All streams of one host. `told` is called when a collector is lost, and when it is back."""

    def __init__(self, model: ModelVersion, told: Told) -> None:
        self._model = model
        self._told = told
        self._streams: dict[str, ReportStream] = {}
        self._probes: dict[str, asyncio.Task[None]] = {}

    def send(self, scored: Scored) -> None:
        """Report the result of one call to the collector of its tasks."""
        stream = self._streams.get(scored.collector)
        if stream is None or stream.broken:
            stream = ReportStream(scored.collector, self._lost)
            self._streams[scored.collector] = stream
        stream.put(report_of(self._model, scored))

    async def close(self) -> None:
        """Send what waits and end all streams."""
        for probe in self._probes.values():
            probe.cancel()
        await asyncio.gather(*self._probes.values(), return_exceptions=True)
        await asyncio.gather(*(stream.close() for stream in self._streams.values()))

    def _lost(self, address: str) -> None:
        self._told(address, False)
        if address not in self._probes:
            probe = asyncio.create_task(self._probe(address), name=f"looks for {address}")
            self._probes[address] = probe

    async def _probe(self, address: str) -> None:
        try:
            async with (
                asyncio.timeout(_PROBE_SECONDS),
                grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS) as channel,
            ):
                await channel.channel_ready()
            self._told(address, True)
        except TimeoutError:
            _log.info("a collector did not come back", collector=address)
        finally:
            del self._probes[address]


def report_of(model: ModelVersion, scored: Scored) -> ReportRequest:
    """Write one call's result for the wire."""
    predictions = scored.predictions
    return ReportRequest(
        model=model.descriptor.name,
        version=model.version,
        data_type=model.descriptor.data_type,
        results=[
            TaskResult(
                task_id=waiting.task.id,
                rows=0 if predictions is None else waiting.rows,
                queued_seconds=scored.began - waiting.arrived,
                failure=scored.failure,
                records=waiting.task.records,
            )
            for waiting in scored.tasks
        ],
        predictions=None if predictions is None else predictions.to_proto(),
        scoring_seconds=scored.seconds,
    )


class ReportStream:
    """A stream of results to one collector; `lost` is called with its address if it breaks."""

    def __init__(self, address: str, lost: Callable[[str], None]) -> None:
        self.broken = False
        self._lost = lost
        self._queue: asyncio.Queue[ReportRequest | None] = asyncio.Queue()
        self._channel = grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS)
        self._task = asyncio.create_task(self._run(address), name=f"reports to {address}")

    def put(self, report: ReportRequest) -> None:
        """Queue a report; it leaves as soon as those before it have."""
        self._queue.put_nowait(report)

    async def close(self) -> None:
        """Send what waits, then end the stream."""
        self._queue.put_nowait(None)
        await self._task

    async def _run(self, address: str) -> None:
        try:
            await CollectionServiceStub(self._channel).Report(self._reports())
        except grpc.aio.AioRpcError as error:
            _log.warning("lost a collector", collector=address, reason=error.details())
            self._lost(address)
        finally:
            self.broken = True
            await self._channel.close()

    async def _reports(self) -> AsyncIterator[ReportRequest]:
        while (report := await self._queue.get()) is not None:
            yield report
