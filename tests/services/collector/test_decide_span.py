from __future__ import annotations

import time
from dataclasses import dataclass

import pytest

from hedgerow.v1.records_pb2 import TraceContext
from services.common.telemetry import Attributes, Tracing
from tests.services.collector.harness import Desk, opening_of, report_of

CONTEXT = TraceContext(trace_id=b"t" * 16, span_id=b"s" * 8)


@dataclass
class Span:
    name: str
    parent: TraceContext
    start_ns: int
    end_ns: int
    attributes: Attributes
    failure: str


class Traced(Tracing):
    """Tracing that keeps its spans here, whatever the environment says."""

    def __init__(self, enabled: bool = True) -> None:
        super().__init__("test")
        self.enabled = enabled
        self.spans: list[Span] = []

    def record(
        self,
        name: str,
        parent: TraceContext,
        start_ns: int,
        end_ns: int,
        attributes: Attributes | None = None,
        failure: str = "",
    ) -> None:
        self.spans.append(Span(name, parent, start_ns, end_ns, attributes or {}, failure))


@pytest.fixture
def recorder() -> Traced:
    return Traced()


async def test_a_traced_task_leaves_a_span_of_its_decision(recorder: Traced) -> None:
    desk = Desk("{consensus: {}, default: {value: w}}", tracing=recorder)
    desk.session.take(opening_of(1, rows=2, trace=CONTEXT))
    desk.clock.now += 0.004
    desk.intake.take(report_of("b", {1: ["x", None]}))
    desk.intake.take(report_of("c", {1: ["x", None]}, version=2))
    desk.pass_time(0.05)
    (span,) = recorder.spans
    assert span.name == "hedgerow.decide"
    assert span.parent == CONTEXT
    assert span.end_ns - span.start_ns == pytest.approx(54_000_000, abs=1000)
    assert abs(time.time_ns() - span.end_ns) < 60 * 10**9
    assert span.failure == ""
    assert span.attributes == {
        "hedgerow.data_type": "wine",
        "hedgerow.plan_revision": 0,
        "hedgerow.records": 2,
        "hedgerow.reason": "CONSENSUS,DEFAULT",
        "hedgerow.model": "b@1",
    }


async def test_a_task_without_an_answer_is_a_failure(recorder: Traced) -> None:
    desk = Desk(tracing=recorder)
    desk.session.take(opening_of(1, trace=CONTEXT))
    desk.pass_time(1)
    (span,) = recorder.spans
    assert span.failure == "no model answered"
    assert span.attributes["hedgerow.reason"] == "NO_ANSWER"


async def test_what_is_not_traced_leaves_none(recorder: Traced) -> None:
    desk = Desk(tracing=recorder)
    desk.session.take(opening_of(1))
    desk.pass_time(1)
    off = Traced(enabled=False)
    desk = Desk(tracing=off)
    desk.session.take(opening_of(1, trace=CONTEXT))
    desk.pass_time(1)
    assert recorder.spans == off.spans == []
