"""Reports results to the collectors that tasks name: one stream a collector, opened when it is needed.

A stream that breaks is dropped with what it had not sent; the next report opens a new one. What is lost
that way counts as late at the collector, which decides at the deadline without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import structlog

from hedgerow.v1.collection_pb2 import ReportRequest, TaskResult
from hedgerow.v1.collection_pb2_grpc import CollectionServiceStub
from hedgerow.v1.models_pb2 import ModelVersion
from services.common.wire import CHANNEL_OPTIONS
from services.executor.host.scoring import Scored

_log = structlog.get_logger()


class Reports:
    """All streams of one host."""

    def __init__(self, model: ModelVersion) -> None:
        self._model = model
        self._streams: dict[str, ReportStream] = {}

    def send(self, scored: Scored) -> None:
        """Report the result of one call to the collector of its tasks."""
        stream = self._streams.get(scored.collector)
        if stream is None or stream.broken:
            stream = self._streams[scored.collector] = ReportStream(scored.collector)
        stream.put(report_of(self._model, scored))

    async def close(self) -> None:
        """Send what waits and end all streams."""
        await asyncio.gather(*(stream.close() for stream in self._streams.values()))


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
            )
            for waiting in scored.tasks
        ],
        predictions=None if predictions is None else predictions.to_proto(),
        scoring_seconds=scored.ended - scored.began,
    )


class ReportStream:
    """A stream of results to one collector."""

    def __init__(self, address: str) -> None:
        self.broken = False
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
        finally:
            self.broken = True
            await self._channel.close()

    async def _reports(self) -> AsyncIterator[ReportRequest]:
        while (report := await self._queue.get()) is not None:
            yield report
