"""What all calls to routers share: the connection, the tracer, the errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
from opentelemetry import trace

import hedgerow
from hedgerow.client.channels import ROUTER, AsyncClosing, Connection
from hedgerow.v1.records_pb2 import TraceContext
from hedgerow.v1.scoring_pb2_grpc import ScoringServiceStub
from hedgerow.v1.streams_pb2_grpc import StreamServiceStub

if TYPE_CHECKING:
    from hedgerow.v1.scoring_pb2_grpc import ScoringServiceAsyncStub
    from hedgerow.v1.streams_pb2_grpc import StreamServiceAsyncStub

Metadata = tuple[tuple[str, str], ...]


class RouterStub:
    """The calls of both services that routers have for clients, over one channel."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.scoring: ScoringServiceAsyncStub = ScoringServiceStub(channel)
        self.streams: StreamServiceAsyncStub = StreamServiceStub(channel)


class RouterCalls(AsyncClosing):
    """A connection to routers."""

    def __init__(
        self, target: str = ROUTER, *, tracer_provider: trace.TracerProvider | None = None
    ) -> None:
        self._connection = Connection(target, RouterStub)
        self._tracer = trace.get_tracer("hedgerow", hedgerow.__version__, tracer_provider)

    async def close(self) -> None:
        """Close the channel; calls in flight end."""
        await self._connection.close()


def traceparent(span: trace.Span) -> Metadata:
    """Return a span as the metadata of a call, if it is recorded."""
    if not span.is_recording():
        return ()
    ids = span.get_span_context()
    flags = int(ids.trace_flags)
    return (("traceparent", f"00-{ids.trace_id:032x}-{ids.span_id:016x}-{flags:02x}"),)


def trace_context(span: trace.Span) -> TraceContext | None:
    """Return a span as a field of messages, if it is recorded."""
    if not span.is_recording():
        return None
    ids = span.get_span_context()
    return TraceContext(
        trace_id=ids.trace_id.to_bytes(16, "big"), span_id=ids.span_id.to_bytes(8, "big")
    )
