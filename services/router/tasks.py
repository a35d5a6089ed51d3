"""A task: one batch on its way through the mesh, from admission to decision."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from hedgerow.data.records import Batch
from hedgerow.v1 import records_pb2
from hedgerow.v1.collection_pb2 import OpenTask, TaskDecision
from hedgerow.v1.records_pb2 import TraceContext
from services.router.frames import encode

if TYPE_CHECKING:
    from services.router.hedging.schedule import Schedule
    from services.router.plans.prepared import Plan

K = TypeVar("K", bound=Hashable)


class TaskHost(Protocol):
    """What a task knows of a host it was started on; `hosts.link` has the real one."""

    cut_from: set[str]
    """Collectors that the host cannot reach."""

    @property
    def is_ready(self) -> bool:
        """It takes tasks."""

    def cancel(self, task: Task, models: tuple[int, ...] = ()) -> None:
        """Nobody needs what models of the host, or all of them, make of the task."""


class Started(NamedTuple):
    """Models that were started for a task on one host. Tasks may share one."""

    host: TaskHost
    places: tuple[int, ...]
    """Their places in the plan."""
    models: tuple[int, ...]
    """Their numbers in the host, in the same order."""
    enough: int = 0
    """How many of them may be enough for the plan's policy; see Share in execution.proto."""

    def of(self, places: Collection[int]) -> Started:
        """Return it for some of the models alone."""
        kept = [pair for pair in zip(self.places, self.models, strict=True) if pair[0] in places]
        found, models = zip(*kept, strict=True) if kept else ((), ())
        return self._replace(places=found, models=models)

    def and_also(self, other: Started) -> Started:
        """Return it with what was started on the same host besides."""
        return Started(self.host, self.places + other.places, self.models + other.models)


class Collector(Protocol):
    """What a task knows of the collector where it is open; `collectors.link` has the real one."""

    address: str

    def open(self, plan: Plan, tasks: list[Task], held: int) -> None:
        """Open tasks of one plan."""

    def start_model(self, place: int, tasks: Iterable[Task]) -> None:
        """A model that was held back is started."""

    def lose(self, place: int, reason: str, tasks: Iterable[Task], not_started: bool) -> None:
        """A model will not answer these tasks."""

    def cancel(self, tasks: Iterable[Task]) -> None:
        """Nobody waits for the tasks any more."""


@dataclass(slots=True, eq=False)
class Task:
    """One batch on its way. Times are nanoseconds of this process's monotonic clock."""

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
    key: str = ""
    """It goes where this belongs (see `joins`); empty: anywhere."""
    has_several_keys: bool = False
    """All of which belong there as long as no host comes or goes."""
    suspect: bool = False
    """As in execution.proto."""
    split_at: int = 0
    """The epoch of the fleet in which they did."""
    collector: Collector | None = None
    """Where it is open, once it has been started."""
    running: Sequence[Started] = ()
    """Where it was started, each host once. Tasks may share one such list."""
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
    def open_at(self) -> Collector:
        """The collector of a task that has been started."""
        assert self.collector is not None, "only tasks that were started are asked"
        return self.collector

    def hosts_of(self, place: int) -> tuple[TaskHost, ...]:
        """Where a model of the plan was started for it."""
        return tuple([started.host for started in self.running if place in started.places])

    def start(self, started: Started) -> None:
        """Note that models were started besides what was before."""
        known = {one.host: one for one in self.running}
        before = known.get(started.host)
        known[started.host] = started if before is None else before.and_also(started)
        self.running = list(known.values())

    def stop(self, models: int) -> None:
        """Cancel some models of the plan, given as bits, wherever they run."""
        for started in self.running:
            stopped = [place for place in started.places if models >> place & 1]
            if len(stopped) == len(started.places):
                started.host.cancel(self)
            elif stopped:
                started.host.cancel(self, started.of(stopped).models)

    def needs(self, place: int) -> bool:
        """Whether anybody needs a model's answer; a shadow's is counted after the end too."""
        if not self.plan.strategy.voters >> place & 1:
            return True
        return not self.done and (self.schedule is None or not self.schedule.ended >> place & 1)

    def needed(self, places: tuple[int, ...]) -> tuple[int, ...]:
        """Return those of some models of the plan whose answers anybody needs."""
        if self.schedule is None and not self.outcome.done():
            return places
        return tuple([place for place in places if self.needs(place)])

    def encode_undecided(self) -> tuple[bytes, int]:
        """Encode the records that are not decided yet, as `encoded` is; return their number too."""
        undecided = self.schedule.undecided if self.schedule is not None else None
        if undecided is None:
            return self.encoded, self.rows
        batch = Batch.from_proto(self.batch).take(undecided).to_proto()
        encoded = encode(
            self.id, self.deadline, batch, self.explain, self.trace, undecided, self.suspect
        )
        return encoded, len(undecided)

    def opening(self) -> OpenTask:
        """What the collector is told."""
        return OpenTask(
            id=self.id,
            admitted_ns=self.admitted,
            deadline_ns=self.deadline,
            rows=self.rows,
            explain=self.explain,
            trace=self.trace,
        )


class Scattered(Exception):
    """The records of a task do not belong together any more: hosts have come or gone."""

    def __init__(self, task: Task) -> None:
        super().__init__(f"task {task.id} is to be split anew")
        self.task = task


class TaskIds:
    """Ids that no two routers give: a random half drawn at the start, and a counter."""

    def __init__(self) -> None:
        self._next = secrets.randbits(32) << 32

    def take(self) -> int:
        """Return the next id."""
        self._next += 1
        return self._next


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
