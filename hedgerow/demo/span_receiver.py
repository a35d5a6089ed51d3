"""Spans of the mesh, received as any tracing backend would: by OTLP over gRPC."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import (
    TraceServiceServicer,
    add_TraceServiceServicer_to_server,
)
from opentelemetry.sdk.trace import ReadableSpan

from hedgerow.local.ports import HOST


@dataclass(frozen=True, slots=True)
class Span:
    """One span. Times are nanoseconds of Unix time; `parent` is empty at the root."""

    id: bytes
    parent: bytes
    trace: bytes
    name: str
    service: str
    start: int
    end: int
    attributes: dict[str, Any]

    @classmethod
    def from_sdk(cls, span: ReadableSpan, service: str) -> Span:
        """Make one of a span of this process."""
        context = span.context
        assert context is not None
        assert span.start_time is not None
        assert span.end_time is not None
        return cls(
            id=context.span_id.to_bytes(8, "big"),
            parent=span.parent.span_id.to_bytes(8, "big") if span.parent else b"",
            trace=context.trace_id.to_bytes(16, "big"),
            name=span.name,
            service=service,
            start=span.start_time,
            end=span.end_time,
            attributes=dict(span.attributes or {}),
        )


class SpanReceiver(TraceServiceServicer):
    """Takes spans from all services."""

    def __init__(self) -> None:
        self._spans: list[Span] = []
        self._came = asyncio.Event()
        self._port = 0

    @classmethod
    @asynccontextmanager
    async def listening(cls) -> AsyncIterator[SpanReceiver]:
        """Listen on a free port of loopback."""
        receiver = cls()
        server = grpc.aio.server()
        add_TraceServiceServicer_to_server(receiver, server)  # type: ignore[no-untyped-call]
        receiver._port = server.add_insecure_port(f"{HOST}:0")
        # Ctrl-C in the middle of a start breaks the server's stop (grpcio 1.85); so it starts to the end.
        starting = asyncio.ensure_future(server.start())
        try:
            await asyncio.shield(starting)
            yield receiver
        finally:
            await starting
            await server.stop(0)

    @property
    def environment(self) -> dict[str, str]:
        """What services are told so that they send spans here, of traces that a client began."""
        return {
            "OTEL_SDK_DISABLED": "false",
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{HOST}:{self._port}",
            "OTEL_EXPORTER_OTLP_INSECURE": "true",
            "OTEL_TRACES_SAMPLER": "parentbased_always_off",
            "OTEL_BSP_SCHEDULE_DELAY": "100",
        }

    async def Export(  # noqa: N802 - gRPC's name
        self,
        request: ExportTraceServiceRequest,
        context: grpc.aio.ServicerContext[ExportTraceServiceRequest, ExportTraceServiceResponse],
    ) -> ExportTraceServiceResponse:
        """Take spans."""
        for resource in request.resource_spans:
            service = _attributes(resource.resource.attributes).get("service.name", "")
            for scope in resource.scope_spans:
                self._spans.extend(_span(span, service) for span in scope.spans)
        self._came.set()
        return ExportTraceServiceResponse()

    async def spans_of(self, trace: bytes, quiet: float, at_most: float) -> list[Span]:
        """Return a trace's spans, once none has come for `quiet` seconds after the first."""
        end = asyncio.get_running_loop().time() + at_most
        while asyncio.get_running_loop().time() < end:
            self._came.clear()
            try:
                async with asyncio.timeout(quiet):
                    await self._came.wait()
            except TimeoutError:
                if any(span.trace == trace for span in self._spans):
                    break
        return [span for span in self._spans if span.trace == trace]


def _span(message: Any, service: str) -> Span:
    return Span(
        id=message.span_id,
        parent=message.parent_span_id,
        trace=message.trace_id,
        name=message.name,
        service=service.removeprefix("hedgerow-"),
        start=message.start_time_unix_nano,
        end=message.end_time_unix_nano,
        attributes=_attributes(message.attributes),
    )


def _attributes(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}
