"""A task: one batch on its way through the mesh, from admission to decision."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from hedgerow.v1.collection_pb2 import OpenTask, TaskDecision
from hedgerow.v1.execution_pb2 import Task as TaskMessage
from hedgerow.v1.records_pb2 import Batch, TraceContext

if TYPE_CHECKING:
    from services.router.book import Plan

_TASKS_FIELD = 0x0A  # ExecuteRequest.tasks: field 1, length-delimited


class Collector(Protocol):
    """What a task needs of the collector where it is open."""

    address: str

    def lose(self, slot: int, reason: str, tasks: Iterable[Task]) -> None:
        """Say that a model of the plan will not answer these tasks."""

    def forget(self, task: Task) -> None:
        """Nobody waits for the task any more."""


@dataclass(slots=True, eq=False)
class Task:
    """One batch on its way. Times are nanoseconds of Unix time."""

    id: int
    plan: Plan
    rows: int
    admitted: int
    deadline: int
    explain: bool
    trace: TraceContext | None
    encoded: bytes
    """The task as a field of ExecuteRequest; encoded once, for every model's frame."""
    outcome: asyncio.Future[TaskDecision]
    collector: Collector | None = field(default=None)

    @property
    def done(self) -> bool:
        """Nobody waits for it any more."""
        return self.outcome.done()

    def opening(self) -> OpenTask:
        """What the collector is told."""
        return OpenTask(
            id=self.id,
            admitted_unix_ns=self.admitted,
            deadline_unix_ns=self.deadline,
            rows=self.rows,
            explain=self.explain,
            trace=self.trace,
        )


class TaskIds:
    """Ids that no two routers give: a random half drawn at the start, and a counter."""

    def __init__(self) -> None:
        self._next = secrets.randbits(32) << 32

    def take(self) -> int:
        """Return the next id."""
        self._next += 1
        return self._next


def encode(
    task_id: int, deadline: int, batch: Batch, explain: bool, trace: TraceContext | None
) -> bytes:
    """Encode a task as one element of ExecuteRequest.tasks.

    The elements of a repeated field may simply be joined, so the frames of all models are made of the
    same bytes; the records are not encoded again for each model.
    """
    message = TaskMessage(
        id=task_id, deadline_unix_ns=deadline, batch=batch, explain=explain, trace=trace
    ).SerializeToString()
    return b"".join((bytes((_TASKS_FIELD,)), _varint(len(message)), message))


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def now_ns() -> int:
    """Return the clock that deadlines are told by."""
    return time.time_ns()
