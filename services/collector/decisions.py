"""Writes what was decided for the wire.

This is most of what the collector does. So messages are filled where they are, for a part that is
built by itself is encoded and decoded once more when it is put in; and what is the same for many tasks (a
label and its verdict, a model's name and version) is encoded once and merged in as bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

from google.protobuf.duration_pb2 import Duration

from hedgerow.v1 import scoring_pb2 as pb
from hedgerow.v1.collection_pb2 import CollectResponse, TaskDecision
from services.collector.rules.verdict import Value, Verdict
from services.collector.tasks.lineup import Lineup
from services.collector.tasks.model_answer import ModelAnswer
from services.collector.tasks.task import Task
from services.common.wire import LARGEST_PART

_TOO_LARGE = "what it said is left out, for all together is too large; explain smaller batches"
_NO_HOST = "no host serves it"
_NO_TIME = "no time"
_NOT_NEEDED = "not needed"
_NO_TURN = "its turn did not come before the deadline"
_NAN = float("nan")
_LONGEST = 1e9
_MOST_ENCODED = 4096
"""Verdicts encoded for one lineup; enough for any number of labels that people can tell apart."""

_double = struct.Struct("<d").pack


class Beat:
    """Says nothing but that the collector lives."""


class Progress(NamedTuple):
    """Says what a task waits for that has not ended."""

    task: Task


def response_of(items: Sequence[Task | Progress | Beat]) -> CollectResponse:
    """Write tasks that have ended, and the progress of others as it is now, once each.

    A frame of nothing but beats is empty.
    """
    response = CollectResponse()
    add = response.decisions.add
    going_on: dict[int, Task] = {}
    for item in items:
        if isinstance(item, Beat):
            continue
        if not isinstance(item, Progress):
            decision = add(task_id=item.id)
            _write_decision(decision, item)
            if item.explain and decision.ByteSize() > LARGEST_PART:
                _leave_out_outputs(decision)
        elif not item.task.ended:
            going_on[item.task.id] = item.task
    for task in going_on.values():
        response.progress.add(
            task_id=task.id,
            ended=~task.outstanding & (1 << len(task.model_answers)) - 1,
            undecided=task.undecided(),
        )
    return response


def _write_decision(message: TaskDecision, task: Task) -> None:
    if task.expired:
        message.deadline_reached = True
    if task.outstanding and (running := task.running):
        message.outstanding = running
    decision = message.decision
    if task.rows == 1:
        _write_one(decision, task)
    else:
        _write_many(decision, task)
    _set(decision.elapsed, task.ended - task.admitted)
    reports = decision.models
    for place, answer in enumerate(task.model_answers):
        if answer is not None:
            _write_answer(reports.add(), task, place, answer)
        else:
            _write_silence(reports.add(), task, place)


def _leave_out_outputs(message: TaskDecision) -> None:
    """Leave out what each model said: the answers are worth more than why they are what they are."""
    for report in message.decision.models:
        if report.HasField("predictions"):
            report.ClearField("predictions")
            report.failure = _TOO_LARGE


def _write_one(decision: pb.Decision, task: Task) -> None:
    verdict = task.verdicts()[0]
    lineup = task.lineup
    value = task.answers()[0]
    if isinstance(value, float):
        decision.numbers = _double(value)
        value = None
    encoded = lineup.encoded.get((value, verdict))
    decision.MergeFromString(encoded or _encode(lineup, value, verdict))
    confidence = task.confidences()[0]
    if confidence == confidence:
        decision.confidences = _double(confidence)


def _encode(lineup: Lineup, label: str | None, verdict: Verdict) -> bytes:
    """Encode what is the same for all tasks of a lineup that end in this way."""
    if len(lineup.encoded) >= _MOST_ENCODED:
        lineup.encoded.clear()
    decision = pb.Decision(plan_revision=lineup.revision)
    _write_verdicts(decision, [verdict])
    _write_values(decision, [label])
    encoded = lineup.encoded[label, verdict] = decision.SerializeToString()
    return encoded


def _write_many(decision: pb.Decision, task: Task) -> None:
    verdicts = task.verdicts()
    decision.plan_revision = task.lineup.revision
    _write_verdicts(decision, verdicts)
    _write_values(decision, task.answers())
    numbers = task.confidences()
    if any(number == number for number in numbers):
        decision.confidences = struct.pack(f"<{len(numbers)}d", *numbers)


def _write_verdicts(decision: pb.Decision, verdicts: list[Verdict]) -> None:
    answered_by, reasons, agreed = zip(*verdicts, strict=True)
    decision.answered_by.extend(answered_by)
    decision.reasons.extend(reasons)
    decision.agreed.extend(agreed)


def _write_values(decision: pb.Decision, values: Sequence[Value]) -> None:
    """Write the answers as one column; what is there for a record without one means nothing.

    Labels, if there is one: a number among them (models of both kinds in one plan, or a default of the
    other kind) is written as text. Where there is no answer at all, nothing is written.
    """
    texts = [value for value in values if isinstance(value, str)]
    if not texts:
        numbers = [_NAN if value is None else value for value in values]
        if any(number == number for number in numbers):
            decision.numbers = struct.pack(f"<{len(numbers)}d", *numbers)
        return
    places: dict[str, int] = {}
    indexes = [
        0 if value is None else places.setdefault(_text(value), len(places)) for value in values
    ]
    labels = decision.labels
    labels.classes.extend(places)
    labels.indexes.extend(indexes)


def _text(value: str | float) -> str:
    return value if isinstance(value, str) else repr(value).removesuffix(".0")


def _write_answer(message: pb.ModelReport, task: Task, place: int, answer: ModelAnswer) -> None:
    """Write the report of a model that answered, with the version that really did."""
    report = answer.report
    message.MergeFromString(report.encoded)
    if task.rows != 1:
        message.records = answer.asked(task.rows)
    _set(message.elapsed, report.received - task.admitted)
    _set(message.queued, answer.queued)
    if task.lineup.shadows[place]:
        message.shadow = True
    if task.lineup.awaited and report.version != (wanted := task.lineup.awaited.get(place, 0)):
        message.wanted = wanted
    if task.explain:
        message.predictions.CopyFrom(answer.said(task.rows))


def _write_silence(message: pb.ModelReport, task: Task, place: int) -> None:
    """Write the report of a model that did not answer."""
    message.MergeFromString(task.lineup.named[place])
    if task.outstanding & ~task.held & 1 << place:
        message.state = pb.MODEL_STATE_LATE if task.expired else pb.MODEL_STATE_CANCELLED
    elif task.failures is not None and place in task.failures:
        message.state = pb.MODEL_STATE_FAILED
        message.failure = task.failures[place]
    elif (why := _why_not_started(task, place)) is not None:
        message.state = pb.MODEL_STATE_NOT_STARTED
        message.failure = why
    else:
        message.state = pb.MODEL_STATE_NO_HOST
        message.failure = _NO_HOST


def _why_not_started(task: Task, place: int) -> str | None:
    """Return why a model was never started, None if no host serves it."""
    if task.idle >> place & 1:
        return _NO_TURN if task.expired else _NOT_NEEDED
    if task.lineup.no_time >> place & 1:
        return _NO_TIME
    return task.not_started.get(place) if task.not_started is not None else None


def _set(duration: Duration, seconds: float) -> None:
    """Set a duration; one that cannot be becomes 0.

    An early result came before its task was opened, and can seem to have come before it was admitted.
    """
    if 0.0 < seconds < 1.0:
        duration.nanos = int(seconds * 1e9)
    elif 1.0 <= seconds < _LONGEST:
        duration.seconds, duration.nanos = divmod(int(seconds * 1e9), 1_000_000_000)
    else:
        duration.SetInParent()
