"""Spans that are sent, and those that are not; trace contexts that come with calls."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from hedgerow.demo.span_receiver import Span, SpanReceiver
from hedgerow.v1.records_pb2 import TraceContext
from services.common.telemetry import Tracing, parent_from_metadata, parse_traceparent

TRACE, CALLER = bytes(range(16)), bytes(range(8, 16))
PARENT = TraceContext(trace_id=TRACE, span_id=CALLER)
TRACEPARENT = f"00-{TRACE.hex()}-{CALLER.hex()}-01"


@pytest.fixture
async def receiver(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SpanReceiver]:
    """A tracing backend that this process is told to send spans to."""
    async with SpanReceiver.listening() as listening:
        for name, value in listening.environment.items():
            monkeypatch.setenv(name, value)
        yield listening


async def received(receiver: SpanReceiver) -> dict[str, Span]:
    spans = await receiver.spans_of(TRACE, quiet=0.2, at_most=10)
    return {span.name: span for span in spans}


async def test_spans_of_a_service_are_sent_to_the_endpoint(receiver: SpanReceiver) -> None:
    tracing = Tracing("router")
    assert tracing.enabled
    route = tracing.new_span("route", PARENT)
    assert route.context is not None
    assert route.context.trace_id == TRACE
    now = time.time_ns()
    tracing.record("queue", route.context, now - 5_000, now - 2_000, {"rows": 3})
    route.end({"hedgerow.data_type": "wine"})
    await asyncio.to_thread(tracing.close)
    spans = await received(receiver)
    assert spans.keys() == {"route", "queue"}
    assert spans["route"].parent == CALLER
    assert spans["route"].service == "router"
    assert spans["route"].attributes == {"hedgerow.data_type": "wine"}
    assert spans["route"].start <= now <= spans["route"].end
    assert spans["queue"].parent == spans["route"].id == route.context.span_id
    assert spans["queue"].attributes == {"rows": 3}
    assert (spans["queue"].start, spans["queue"].end) == (now - 5_000, now - 2_000)


async def test_the_environment_names_the_service(
    receiver: SpanReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "wines")
    tracing = Tracing("router")
    tracing.new_span("route", PARENT).end({})
    await asyncio.to_thread(tracing.close)
    assert (await received(receiver))["route"].service == "wines"


async def test_a_trace_that_no_caller_began_is_sampled_as_the_environment_says(
    receiver: SpanReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracing = Tracing("router")
    assert tracing.new_span("route", None).context is None
    await asyncio.to_thread(tracing.close)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_on")
    tracing = Tracing("router")
    assert tracing.new_span("route", None).context is not None
    await asyncio.to_thread(tracing.close)


async def test_the_span_of_records_from_a_stream_has_a_trace_of_its_own_and_links_to_their_senders(
    receiver: SpanReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_on")
    tracing = Tracing("router")
    span = tracing.new_consumer_span("hedgerow.stream", [PARENT])
    (link,) = span._span.links  # type: ignore[attr-defined]
    assert link.context.trace_id.to_bytes(16, "big") == PARENT.trace_id
    assert link.context.span_id.to_bytes(8, "big") == PARENT.span_id
    assert span.context is not None
    assert span.context.trace_id != PARENT.trace_id
    span.end({})
    await asyncio.to_thread(tracing.close)


@pytest.mark.parametrize(
    "environment",
    [
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_SDK_DISABLED": "True"},
        {"OTEL_TRACES_EXPORTER": "None"},
    ],
)
def test_where_nobody_wants_spans_nothing_is_recorded(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    monkeypatch.delenv("OTEL_SDK_DISABLED", raising=False)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    tracing = Tracing("router")
    assert not tracing.enabled
    assert tracing.new_span("route", None).context is None
    tracing.close()


def test_an_endpoint_for_traces_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_SDK_DISABLED", raising=False)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://127.0.0.1:1")
    tracing = Tracing("router")
    assert tracing.enabled
    tracing.close()


@pytest.mark.parametrize("flags", ["01", "03", "ff"])
def test_a_sampled_context_is_read(flags: str) -> None:
    assert parse_traceparent(TRACEPARENT[:-2] + flags) == PARENT


@pytest.mark.parametrize(
    "value",
    [
        TRACEPARENT[:-2] + "00",  # not sampled
        TRACEPARENT[:-2] + "02",
        "",
        "00",
        TRACEPARENT[:-3],
        TRACEPARENT + "-more",
        TRACEPARENT[:-2] + "zz",
        TRACEPARENT.replace("0102", "01"),
        TRACEPARENT.replace("0102", "0x02"),
        TRACEPARENT.replace("0102", "ü102"),
    ],
)
def test_one_that_is_malformed_or_not_sampled_counts_as_none(value: str) -> None:
    assert parse_traceparent(value) is None


@pytest.mark.parametrize(
    ("metadata", "parent"),
    [
        (None, None),
        ((), None),
        ((("x-request-id", "7"),), None),
        ((("x-request-id", "7"), ("traceparent", TRACEPARENT)), PARENT),
        ((("traceparent", "nonsense"),), None),
    ],
)
def test_it_is_found_in_the_metadata_of_a_call(
    metadata: object, parent: TraceContext | None
) -> None:
    assert parent_from_metadata(metadata) == parent
