"""Spans of traced tasks: how long they waited, how long they were scored, why they were dropped."""

from __future__ import annotations

import time

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from hedgerow.v1.execution_pb2 import Task
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion
from hedgerow.v1.records_pb2 import TraceContext
from services.common.telemetry import Tracing
from services.executor.host.host_spans import HostSpans
from services.executor.host.inbox import Frame, Waiting
from services.executor.host.scoring import Scored
from tests.services.executor.harness import MODEL

TRACE = TraceContext(trace_id=b"t" * 16, span_id=b"s" * 8)
SECOND = 1_000_000_000


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """Where spans of this test go."""
    return InMemorySpanExporter()


@pytest.fixture
def recorder(spans: InMemorySpanExporter) -> HostSpans:
    tracing = Tracing("executor")
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    tracing._tracer, tracing.enabled = provider.get_tracer("test"), True
    return HostSpans(tracing, [MODEL])


def waiting(trace: TraceContext | None, cancelled: bool = False) -> Waiting:
    frame = Frame(1, "c", 1, lambda _: None)
    arrived = time.monotonic() - 5
    return Waiting(Task(id=1, trace=trace), 3, frame, arrived, arrived + 9, cancelled)


def test_a_scored_task_has_a_span_of_its_wait_and_one_of_the_call(
    recorder: HostSpans, spans: InMemorySpanExporter
) -> None:
    traced = waiting(TRACE)
    began = traced.arrived + 2
    recorder.record(Scored([traced, waiting(None)], None, "no", began=began, ended=began + 1))
    queue, score = spans.get_finished_spans()
    assert (queue.name, score.name) == ("hedgerow.queue", "hedgerow.score")
    assert queue.parent is not None
    assert queue.parent.trace_id == int.from_bytes(TRACE.trace_id, "big")
    assert queue.end_time == score.start_time
    assert abs((queue.end_time or 0) - (queue.start_time or 0) - 2 * SECOND) < 1000
    assert abs((score.end_time or 0) - (score.start_time or 0) - SECOND) < 1000
    assert score.status.description == "no"
    assert dict(score.attributes or {}) == {
        "hedgerow.data_type": "wine",
        "hedgerow.model": "one",
        "hedgerow.version": 1,
        "hedgerow.tasks_in_batch": 2,
        "hedgerow.records": 3,
        "hedgerow.cancelled": False,
    }


def test_each_model_of_a_group_has_spans_of_its_own(
    recorder: HostSpans, spans: InMemorySpanExporter
) -> None:
    other = ModelVersion(descriptor=ModelDescriptor(data_type="wine", name="two"), version=5)
    group = HostSpans(recorder._tracing, [MODEL, other])
    traced = waiting(TRACE)
    traced.models = (0, 1)
    traced.cancel([1])
    began = traced.arrived + 2
    for model in (0, 1):
        group.record(Scored([traced], None, "", began + model, began + model + 1, model))
    attributes = [dict(span.attributes or {}) for span in spans.get_finished_spans()]
    assert [(a["hedgerow.model"], a["hedgerow.version"]) for a in attributes] == [
        ("one", 1),
        ("one", 1),
        ("two", 5),
        ("two", 5),
    ]
    assert [a.get("hedgerow.cancelled") for a in attributes] == [None, False, None, True]
    spans.clear()
    group.dropped(traced)
    assert [(s.attributes or {})["hedgerow.model"] for s in spans.get_finished_spans()] == [
        "one",
        "two",
    ]


@pytest.mark.parametrize(("cancelled", "why"), [(True, "cancelled"), (False, "deadline")])
def test_a_dropped_task_says_why(
    recorder: HostSpans, spans: InMemorySpanExporter, cancelled: bool, why: str
) -> None:
    recorder.dropped(waiting(TRACE, cancelled))
    recorder.dropped(waiting(None, cancelled))
    (span,) = spans.get_finished_spans()
    assert (span.attributes or {})["hedgerow.dropped"] == why
    assert (span.end_time or 0) - (span.start_time or 0) >= 5 * SECOND
