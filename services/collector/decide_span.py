"""The span of a decision: from the opening of a traced task to its end."""

from __future__ import annotations

import time

from hedgerow.v1.rules_pb2 import Reason
from services.collector.tasks.task import Task
from services.common.telemetry import Attributes, Tracing


def record(tracing: Tracing, task: Task) -> None:
    """Record the span of a task that has ended; nothing if it is not traced."""
    if task.trace is None:
        return
    # Tasks are timed by the monotonic clock; spans want Unix time.
    end_ns = time.time_ns()
    start_ns = end_ns - int((task.ended - task.opened) * 1e9)
    failure = "" if any(place >= 0 for place, _, _ in task.verdicts()) else "no model answered"
    tracing.record("hedgerow.decide", task.trace, start_ns, end_ns, _attributes(task), failure)


def _attributes(task: Task) -> Attributes:
    verdicts = task.verdicts()
    places = sorted({place for place, _, _ in verdicts if place >= 0})
    reasons = sorted({reason for _, reason, _ in verdicts})
    return {
        "hedgerow.data_type": task.lineup.data_type,
        "hedgerow.plan_revision": task.lineup.revision,
        "hedgerow.records": task.rows,
        "hedgerow.reason": ",".join([_name(reason) for reason in reasons]),
        "hedgerow.model": ",".join([_model(task, place) for place in places]),
    }


def _name(reason: int) -> str:
    return Reason.Name(reason).removeprefix("REASON_")


def _model(task: Task, place: int) -> str:
    answer = task.model_answers[place]
    assert answer is not None
    return f"{answer.report.name}@{answer.report.version}"
