"""Reports results to the collectors that tasks name: one stream a collector, opened when it is needed.

A stream that breaks is dropped with what it had not sent, and routers are told: they start again what may
be lost, elsewhere, and keep away from that collector where they can. They are told again when it is back;
until then a report for it is still tried, for it may be the only one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import structlog

from hedgerow.v1.collection_pb2 import ReportRequest, ReportResponse, TaskResult
from hedgerow.v1.collection_pb2_grpc import CollectionServiceStub
from hedgerow.v1.models_pb2 import ModelVersion
from services.common.peer_stream import Listener, PeerStream, StreamEnd
from services.common.seconds import duration_of
from services.executor.host.scoring import Scored

_log = structlog.get_logger()

_LOOKED_FOR_SECONDS = 60.0
"""How long a lost collector is looked for; one that comes back later is found by the next report to it."""

Told = Callable[[str, bool], None]
"""Called with the address of a collector, and whether it can be reached now."""


class Reporter:
    """All streams of one host.

    `told` is called when a collector is lost, at each report to it while it is, and when it is back;
    `forgotten` when it is not looked for any more.
    """

    def __init__(self, model: ModelVersion, told: Told, forgotten: Callable[[str], None]) -> None:
        self._model = model
        self._told = told
        self._forgotten = forgotten
        self._streams: dict[str, PeerStream[ReportRequest, ReportResponse]] = {}
        self._lost_since: dict[str, float] = {}

    def send(self, scored: Scored) -> None:
        """Report the result of one call to the collector of its tasks."""
        address = scored.collector
        stream = self._streams.get(address)
        if stream is None:
            stream = self._streams[address] = self._open(address)
        stream.send(report_of(self._model, scored))
        if address in self._lost_since:
            self._told(address, False)  # this may not arrive either, and nobody should wait for it

    async def close(self) -> None:
        """Send what waits and end all streams."""
        streams = list(self._streams.items())
        for address, stream in streams:
            if address in self._lost_since:
                stream.retire()
            else:
                stream.finish()
        await asyncio.gather(*(stream.wait_over() for _, stream in streams))

    def _open(self, address: str) -> PeerStream[ReportRequest, ReportResponse]:
        listener = Listener(
            received=lambda _: None,
            lost=lambda end: self._lost(address, end),
            ready=lambda: self._ready(address),
            over=lambda: self._over(address),
        )
        return PeerStream(address, _report, listener, f"reports to {address}")

    def _ready(self, address: str) -> None:
        if self._lost_since.pop(address, None) is not None:
            self._told(address, True)

    def _lost(self, address: str, end: StreamEnd) -> None:
        now = asyncio.get_running_loop().time()
        if end.by_peer:
            self._streams[address].retire()  # it is stopping, and has what was sent
        elif address not in self._lost_since:
            _log.warning("a collector was lost", collector=address, reason=end.reason)
            self._lost_since[address] = now
            self._told(address, False)
        elif now - self._lost_since[address] > _LOOKED_FOR_SECONDS:
            _log.info("a collector did not come back", collector=address)
            self._streams[address].retire()

    def _over(self, address: str) -> None:
        del self._streams[address]
        if self._lost_since.pop(address, None) is not None:
            self._forgotten(address)


def _report(channel: grpc.aio.Channel, reports: AsyncIterator[ReportRequest]) -> Any:
    return CollectionServiceStub(channel).Report(reports)


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
        scoring=duration_of(scored.seconds),
    )
