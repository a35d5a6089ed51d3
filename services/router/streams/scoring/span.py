"""The router's span around a batch of records from a stream.

It is the root of a trace of its own, with links to the spans of those who sent the records: they belong to
as many traces, and a span has one parent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hedgerow.v1.records_pb2 import TraceContext
from services.common.telemetry import Tracing
from services.router.streams.records.batches import RecordBatch

_MOST_LINKS = 128
"""What the OpenTelemetry SDK keeps of a span."""


class StreamSpans:
    """Opens spans, if tracing is on."""

    def __init__(self, tracing: Tracing, data_type: str, partition: str) -> None:
        self._tracing = tracing
        self._data_type = data_type
        self._partition = partition

    @contextmanager
    def of(self, batch: RecordBatch) -> Iterator[TraceContext | None]:
        """Give the context in which a batch is scored; None if nobody records it."""
        if not self._tracing.enabled:
            yield None
            return
        links = [arrival.trace for arrival in batch.arrivals if arrival.trace is not None]
        span = self._tracing.new_consumer_span("hedgerow.stream", links[:_MOST_LINKS])
        failure = "cancelled"
        try:
            yield span.context
            failure = ""
        except Exception as error:
            failure = str(error)
            raise
        finally:
            attributes: dict[str, str | int] = {
                "hedgerow.data_type": self._data_type,
                "hedgerow.records": len(batch.places),
            }
            if self._partition:
                attributes["hedgerow.partition"] = self._partition
            span.end(attributes, failure)
