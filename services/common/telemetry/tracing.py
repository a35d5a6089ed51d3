"""Traces of a service.

They follow the standard OTEL_* variables. Without an OTLP endpoint nothing is recorded, and the only
cost is a look at `Tracing.enabled` where a span would be. Spans are recorded when they are over, with
the times that were taken on the way: the streams between services carry many tasks, so no span is ever
"current" in one of them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags

import hedgerow
from hedgerow.v1.records_pb2 import TraceContext

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

Attributes = Mapping[str, str | bool | int | float]

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class Tracing:
    """Records spans of one process, if there is anywhere to send them."""

    def __init__(self, service: str) -> None:
        self._provider = _provider(service) if _wanted() else None
        self.enabled = self._provider is not None
        self._tracer = trace.get_tracer(
            "hedgerow", hedgerow.__version__, tracer_provider=self._provider
        )

    def new_span(self, name: str, parent: TraceContext | None) -> OpenSpan:
        """Open a span that others will be children of; `OpenSpan.end` records it."""
        return OpenSpan(
            self._tracer.start_span(name, _context(parent) if parent else None, SpanKind.SERVER)
        )

    def new_consumer_span(self, name: str, links: Iterable[TraceContext]) -> OpenSpan:
        """Open a span of a trace of its own, with links to those that it comes from."""
        found = [trace.Link(_ids(link)) for link in links]
        return OpenSpan(self._tracer.start_span(name, Context(), SpanKind.CONSUMER, links=found))

    def record(
        self,
        name: str,
        parent: TraceContext,
        start_ns: int,
        end_ns: int,
        attributes: Attributes | None = None,
        failure: str = "",
    ) -> None:
        """Record a span that is over. Times are nanoseconds of Unix time."""
        span = self._tracer.start_span(
            name, _context(parent), SpanKind.INTERNAL, attributes, start_time=start_ns
        )
        if failure:
            span.set_status(trace.StatusCode.ERROR, failure)
        span.end(end_ns)

    def close(self) -> None:
        """Send what is still waiting. Blocks for a few seconds at the most."""
        if self._provider is not None:
            self._provider.force_flush(3000)
            self._provider.shutdown()


class OpenSpan:
    """A span that is open; its `context` travels with the task, unless it is not sampled."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        ids = span.get_span_context()
        self.context: TraceContext | None = None
        if ids.trace_flags.sampled:
            self.context = TraceContext(
                trace_id=ids.trace_id.to_bytes(16, "big"), span_id=ids.span_id.to_bytes(8, "big")
            )

    def end(self, attributes: Attributes, failure: str = "") -> None:
        """Close and record the span."""
        self._span.set_attributes(dict(attributes))
        if failure:
            self._span.set_status(trace.StatusCode.ERROR, failure)
        self._span.end(time.time_ns())


def parent_from_metadata(metadata: object) -> TraceContext | None:
    """Read a W3C `traceparent` off a call's metadata; None if there is none or it is not sampled."""
    for key, value in metadata or ():  # type: ignore[attr-defined]
        if key == "traceparent":
            return parse_traceparent(str(value))
    return None


def parse_traceparent(value: str) -> TraceContext | None:
    """Parse `00-<trace id>-<span id>-<flags>`; None if it is malformed or not sampled."""
    parts = value.split("-")
    if len(parts) != 4 or len(parts[1]) != 32 or len(parts[2]) != 16:
        return None
    try:
        if not int(parts[3], 16) & TraceFlags.SAMPLED:
            return None
        return TraceContext(trace_id=bytes.fromhex(parts[1]), span_id=bytes.fromhex(parts[2]))
    except ValueError:
        return None


def _wanted() -> bool:
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    nowhere = os.environ.get("OTEL_TRACES_EXPORTER", "otlp").lower() == "none"
    return not disabled and not nowhere and any(os.environ.get(name) for name in _ENDPOINTS)


def _provider(service: str) -> TracerProvider:
    # Imported here: the SDK and its exporter cost 60 ms and 20 MB, which an untraced host need not pay.
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    name = os.environ.get("OTEL_SERVICE_NAME") or f"hedgerow-{service}"
    resource = Resource.create({SERVICE_NAME: name, SERVICE_VERSION: hedgerow.__version__})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def _context(parent: TraceContext) -> Context:
    return trace.set_span_in_context(NonRecordingSpan(_ids(parent)))


def _ids(span: TraceContext) -> SpanContext:
    return SpanContext(
        trace_id=int.from_bytes(span.trace_id, "big"),
        span_id=int.from_bytes(span.span_id, "big"),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
