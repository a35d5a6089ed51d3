"""A task: one batch on its way through the mesh, from admission to decision."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from hedgerow.data.records import Batch
from hedgerow.v1 import records_pb2
from hedgerow.v1.collection_pb2 import OpenTask, TaskDecision
from hedgerow.v1.execution_pb2 import Task as TaskMessage
from hedgerow.v1.records_pb2 import TraceContext

if TYPE_CHECKING:
    from services.router.collectors.link import CollectorLink
    from services.router.hedging.schedule import Schedule
    from services.router.hosts.link import HostLink
    from services.router.plans.prepared import Plan

K = TypeVar("K", bound=Hashable)

_TASKS_FIELD = 0x0A  # ExecuteRequest.tasks: field 1, length-delimited


@dataclass(slots=True, eq=False)
class Task:
    """One batch on its way. Times are nanoseconds of Unix time."""

    id: int
    plan: Plan
    batch: records_pb2.Batch
    rows: int
    admitted: int
    deadline: int
    explain: bool
    trace: TraceContext | None
    encoded: bytes
    """The task as a field of ExecuteRequest; encoded once, for every model's frame."""
    outcome: asyncio.Future[TaskDecision]
    collector: CollectorLink | None = None
    """Where it is open, once it has been started."""
    running: Sequence[tuple[int, HostLink]] = ()
    """Where it was started: the model's place in the plan and the host. Tasks may share one such list."""
    versions: Sequence[int] = ()
    """Of each model of the plan the version that was chosen, 0 where no host serves it."""
    no_time: int = 0
    """A bit for each model that was left out because it could not answer in time."""
    probes: int = 0
    """A bit for each model that is started to see whether it is still too slow."""
    has_decision: bool = False
    """The collector has decided it."""
    schedule: Schedule | None = None
    """How far it has come, unless everything was started at once."""

    @property
    def done(self) -> bool:
        """Nobody waits for it any more."""
        return self.outcome.done()

    @property
    def open_at(self) -> CollectorLink:
        """The collector of a task that has been started."""
        assert self.collector is not None, "only tasks that were started are asked"
        return self.collector

    def hosts_of(self, slot: int) -> tuple[HostLink, ...]:
        """Where a model of the plan was started for it."""
        return tuple([link for place, link in self.running if place == slot])

    def stop(self, slots: int) -> None:
        """Cancel some models of the plan, given as bits, wherever they run."""
        for slot, link in self.running:
            if slots >> slot & 1:
                link.cancel(self)

    def needs(self, slot: int) -> bool:
        """Whether anybody needs that a model of the plan answers; a shadow is heard after the end too."""
        if not self.plan.strategy.voters >> slot & 1:
            return True
        return not self.done and (self.schedule is None or not self.schedule.ended >> slot & 1)

    def encode_undecided(self) -> tuple[bytes, int]:
        """Encode the records that are not decided yet, as `encoded` is; return their number too."""
        undecided = self.schedule.undecided if self.schedule is not None else None
        if undecided is None:
            return self.encoded, self.rows
        batch = Batch.from_proto(self.batch).take(undecided).to_proto()
        encoded = encode(self.id, self.deadline, batch, self.explain, self.trace, undecided)
        return encoded, len(undecided)

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
    task_id: int,
    deadline: int,
    batch: records_pb2.Batch,
    explain: bool,
    trace: TraceContext | None,
    records: Sequence[int] = (),
) -> bytes:
    """Encode a task as one element of ExecuteRequest.tasks; `records` as in Task.records.

    The elements of a repeated field may simply be joined, so the frames of all models are made of the
    same bytes; the records are not encoded again for each model.
    """
    message = TaskMessage(
        id=task_id,
        deadline_unix_ns=deadline,
        batch=batch,
        explain=explain,
        trace=trace,
        records=records,
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


def refuse(tasks: Iterable[Task], error: Exception) -> None:
    """Answer tasks with an error."""
    for task in tasks:
        if not task.done:
            task.outcome.set_exception(error)


def grouped(tasks: Iterable[Task], key: Callable[[Task], K]) -> list[list[Task]]:
    """Return the tasks with equal keys together, in their order."""
    groups: dict[K, list[Task]] = {}
    for task in tasks:
        groups.setdefault(key(task), []).append(task)
    return list(groups.values())
