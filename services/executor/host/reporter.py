"""Reports results to the collectors that tasks name: one stream a collector, opened when it is needed.

A stream that breaks is dropped with what it had not sent, and routers are told: they start again what may
be lost, elsewhere, and keep away from that collector where they can. They are told again when it is back.
Until then a report for it is still tried, and at once: the router that asked for it has just reached that
collector, which may be the only one. If that fails or takes long, routers are told again. One that does
not come back is not looked for for ever; then routers are told to try it like any other, or they would
avoid for ever what is back at its address.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import grpc
import structlog

from hedgerow.v1.collection_pb2 import ReportRequest, ReportResponse, TaskResult
from hedgerow.v1.collection_pb2_grpc import CollectionServiceStub
from hedgerow.v1.models_pb2 import ModelVersion
from services.common.peer_stream import Listener, PeerStream, StreamEnd
from services.common.seconds import duration_of
from services.common.wire import JOINED_BYTES, LARGEST_PART
from services.executor.host.scoring import Scored

_log = structlog.get_logger()

_LOOKED_FOR_SECONDS = 60.0
"""How long a lost collector is looked for; one that comes back later is found by the next report to it."""

_SOON_SECONDS = 0.25
"""How long a report to a lost collector may wait before routers are told that it may not arrive: the
shortest pause and a connection that is made need half of it."""

Told = Callable[[str, bool], None]
"""Called with the address of a collector, and whether it can be reached, as far as is known."""


class Reporter:
    """All streams of one host.

    `told` is called when a collector is lost, when reports to it are in vain while it is, and when it is
    back or is not looked for any more.
    """

    def __init__(self, models: Sequence[ModelVersion], told: Told) -> None:
        """`models` are those of the host, by their numbers."""
        self._models = models
        self._told = told
        self._streams: dict[str, PeerStream[ReportRequest, ReportResponse]] = {}
        self._lost: dict[str, _Lost] = {}

    def send(self, scored: list[Scored]) -> None:
        """Report what models said of tasks to the collector of those."""
        address = scored[0].collector
        stream = self._streams.get(address)
        if stream is None:
            stream = self._streams[address] = self._open(address)
        for report in reports_of(self._models, scored):
            stream.send(report)
        if (lost := self._lost.get(address)) is not None:
            lost.reported(lambda: self._told(address, False))
            stream.hurry()

    async def close(self) -> None:
        """Send what waits and end all streams."""
        streams = list(self._streams.items())
        for address, stream in streams:
            if address in self._lost:
                stream.retire()
            else:
                stream.finish()
        await asyncio.gather(*(stream.wait_over() for _, stream in streams))

    def _open(self, address: str) -> PeerStream[ReportRequest, ReportResponse]:
        listener = Listener(
            received=lambda _: None,
            lost=lambda end: self._stream_lost(address, end),
            ready=lambda: self._stream_ready(address),
            over=lambda: self._stream_over(address),
        )
        return PeerStream(address, _report, listener, f"reports to {address}")

    def _stream_ready(self, address: str) -> None:
        if (lost := self._lost.pop(address, None)) is not None:
            lost.settled()
            self._told(address, True)

    def _stream_lost(self, address: str, end: StreamEnd) -> None:
        stream, lost = self._streams[address], self._lost.get(address)
        if end.by_peer:
            stream.retire()  # it is stopping, and has what was sent
        elif lost is None:
            _log.warning("a collector was lost", collector=address, reason=end.reason)
            self._lost[address] = _Lost()
            self._told(address, False)
        else:
            if lost.settled():
                self._told(address, False)
            if lost.for_seconds() > _LOOKED_FOR_SECONDS:
                _log.info("a collector did not come back", collector=address)
                stream.retire()

    def _stream_over(self, address: str) -> None:
        del self._streams[address]
        if (lost := self._lost.pop(address, None)) is not None:
            lost.settled()
            self._told(address, True)


class _Lost:
    """A collector that is out of reach, and whether reports wait to see if it is back."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._since = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None

    def for_seconds(self) -> float:
        return self._loop.time() - self._since

    def reported(self, in_vain: Callable[[], None]) -> None:
        """A report waits; if nothing has settled by then whether it arrives, `in_vain` is called soon."""

        def over() -> None:
            self._timer = None
            in_vain()

        if self._timer is None:
            self._timer = self._loop.call_later(_SOON_SECONDS, over)

    def settled(self) -> bool:
        """An attempt has succeeded or failed; tell whether reports waited for it."""
        waited = self._timer is not None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        return waited


def _report(channel: grpc.aio.Channel, reports: AsyncIterator[ReportRequest]) -> Any:
    return CollectionServiceStub(channel).Report(reports)


def reports_of(models: Sequence[ModelVersion], scored: list[Scored]) -> Iterator[ReportRequest]:
    """Write what models said for the wire, in as few messages as it fits into.

    What is too large for one although it is of one model and task is reported as that task's failure.
    """
    report = report_of(models, scored)
    size, one = report.ByteSize(), len(scored) == 1 and len(scored[0].tasks) == 1
    if size <= (LARGEST_PART if one else JOINED_BYTES):
        yield report
    elif one:
        reason = (
            f"its answer has {size / 2**20:.0f} MiB, over the limit of {LARGEST_PART / 2**20:.0f}; "
            "send smaller batches"
        )
        yield report_of(models, [replace(scored[0], predictions=None, failure=reason)])
    elif len(scored) > 1:
        for of_model in scored:
            yield from reports_of(models, [of_model])
    else:
        for half in scored[0].halves():
            yield from reports_of(models, [half])


def report_of(models: Sequence[ModelVersion], scored: list[Scored]) -> ReportRequest:
    """Write what models said for the wire."""
    first, *others = scored
    report = _report_of(models, first)
    report.results.extend(_results(first))
    for other in others:
        more = report.more.add()
        more.CopyFrom(_report_of(models, other))
        if other.tasks is not first.tasks or other.failure or first.failure:
            more.results.extend(_results(other))
    return report


def _report_of(models: Sequence[ModelVersion], scored: Scored) -> ReportRequest:
    model, predictions = models[scored.model], scored.predictions
    return ReportRequest(
        model=model.descriptor.name,
        version=model.version,
        data_type=model.descriptor.data_type,
        predictions=None if predictions is None else predictions.to_proto(),
        scoring=duration_of(scored.seconds),
    )


def _results(scored: Scored) -> list[TaskResult]:
    return [
        TaskResult(
            task_id=waiting.task.id,
            rows=0 if scored.predictions is None else waiting.rows,
            queued_seconds=scored.began - waiting.arrived,
            failure=scored.failure,
            records=waiting.task.records,
        )
        for waiting in scored.tasks
    ]
