"""What the scenes draw of what they found."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from hedgerow.demo.examples import load_examples
from hedgerow.demo.flow import Flow
from hedgerow.demo.span_receiver import Span, SpanReceiver
from hedgerow.demo.tables import milliseconds, sparkline
from hedgerow.demo.traced import bar_of, in_order
from hedgerow.errors import InvalidInput


def span(name: str, parent: str, start: int, end: int) -> Span:
    """A span that has its name as its id."""
    return Span(name.encode(), parent.encode(), b"trace", name, "router", start, end, {})


def test_a_sparkline_shows_whatever_is_not_nothing() -> None:
    assert sparkline([0, 0.1, 50, 100, 200], 100, plain=False) == " ▁▄██"
    assert sparkline([0, 0.1, 50, 100, 200], 100, plain=True) == " .=##"


@pytest.mark.parametrize(("seconds", "text"), [(0.00234, "2.3"), (0.0504, "50.4"), (0.25, "250")])
def test_times_are_milliseconds(seconds: float, text: str) -> None:
    assert milliseconds(seconds) == text


def test_the_longest_gap_counts_from_the_beginning() -> None:
    flow = Flow()
    flow.answers = [(0.3, "a"), (0.4, "a"), (0.6, "b")]
    assert flow.longest_gap == 0.3
    assert flow.moments("b") == [0.6]
    assert Flow().longest_gap == 0


def test_spans_are_a_tree_by_time_and_none_is_lost() -> None:
    spans = [
        span("late", "root", 5, 6),
        span("root", "", 0, 10),
        span("early", "root", 1, 9),
        span("deep", "early", 2, 3),
        span("orphan", "unknown", 4, 5),
    ]
    drawn = [(depth, each.name) for depth, each in in_order(spans)]
    assert drawn == [(0, "root"), (1, "early"), (2, "deep"), (1, "late"), (0, "orphan")]


def test_a_bar_stands_where_its_span_was() -> None:
    root = span("root", "", 0, 240)
    assert bar_of(root, root, plain=False) == "█" * 24
    assert bar_of(span("half", "root", 120, 240), root, plain=False) == " " * 12 + "█" * 12
    assert bar_of(span("instant", "root", 239, 239), root, plain=False) == " " * 23 + "█"
    assert bar_of(span("plain", "root", 0, 10), root, plain=True) == "#"
    assert bar_of(span("skewed", "root", -50, 300), root, plain=False) == "█" * 24


async def test_spans_of_one_trace_are_received() -> None:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    attribute = resource.resource.attributes.add(key="service.name")
    attribute.value.string_value = "hedgerow-router"
    scope = resource.scope_spans.add()
    scope.spans.add(trace_id=b"a" * 16, span_id=b"1" * 8, name="hedgerow.route")
    scope.spans.add(trace_id=b"b" * 16, span_id=b"2" * 8, name="of another trace")

    async with SpanReceiver.listening() as receiver:
        waiting = asyncio.create_task(receiver.spans_of(b"a" * 16, quiet=0.1, at_most=5))
        target = receiver.environment["OTEL_EXPORTER_OTLP_ENDPOINT"].removeprefix("http://")
        async with grpc.aio.insecure_channel(target) as channel:
            await TraceServiceStub(channel).Export(request)  # type: ignore[no-untyped-call]
        (found,) = await waiting
    assert (found.name, found.service, found.parent) == ("hedgerow.route", "router", b"")


def test_the_examples_of_the_repository_are_found() -> None:
    examples = load_examples(None)
    assert len(examples.records) == len(examples.truth) == 60
    assert {model.file.is_file() for model in (*examples.models, *examples.updates)} == {True}
    for plan in ("wine.yaml", "timeout.yaml", "quality.yaml", "champion.yaml"):
        named = {model.name for model in examples.plan(plan).models}
        assert named <= {model.name for model in examples.models}


def test_a_folder_without_examples_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="--examples"):
        load_examples(tmp_path)
