"""What waits in a host: tasks of the frames that routers wrote, until they are scored or dead.

Knows neither gRPC nor models. Frames are taken whole: a frame's credit goes back when its last task is
settled, and tasks that wait together are scored together, up to a bound of rows. A task can be cancelled
until it is settled: while it waits it is never scored, and once it has been its result is not sent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat

from hedgerow.v1.execution_pb2 import ExecuteRequest, Task
from services.common.clock import Arrival
from services.executor.work_done import WorkDone


@dataclass(slots=True)
class Frame:
    """Tasks that came together. `settle` gives its credit back."""

    number: int
    collector: str
    open_tasks: int
    settle: Callable[[int], None]


@dataclass(slots=True, eq=False)
class Waiting:
    """A task in the inbox. Times are seconds of this process's monotonic clock."""

    task: Task
    rows: int
    frame: Frame
    arrived: float
    deadline: float
    cancelled: bool = False
    """Nobody needs it any more."""
    models: tuple[int, ...] = (0,)
    """The models of this host that are to score it, by their numbers."""
    enough: int = 0
    """So many of them may be enough to decide it; 0: it takes all."""
    spared: frozenset[int] = frozenset()
    """Models of which nobody needs it any more."""

    def wants(self, model: int) -> bool:
        """Whether anybody needs what a model makes of it."""
        return not self.cancelled and model not in self.spared

    def cancel(self, models: Iterable[int]) -> None:
        """Nobody needs what some models make of it."""
        self.spared = self.spared.union(models)
        self.cancelled = self.cancelled or self.spared.issuperset(self.models)


def _ignore(_: Waiting) -> None:
    """Nobody wants to hear of dropped tasks."""


@dataclass(slots=True)
class Inbox:
    """Tasks in the order in which they came.

    `dropped` is called with each that was dead before it was scored. `works` count their rows, by model.
    """

    row_limit: int
    works: Sequence[WorkDone] = field(default_factory=lambda: [WorkDone()])
    dropped: Callable[[Waiting], None] = _ignore
    _every: tuple[int, ...] = ()
    """All models."""
    _waiting: deque[Waiting] = field(default_factory=deque)
    _unsettled: dict[int, list[Waiting]] = field(default_factory=dict)
    """By the id of the task: it may come again, for other models or after it was cancelled here."""

    def __post_init__(self) -> None:
        self._every = tuple(range(len(self.works)))

    def __len__(self) -> int:
        """How many wait to be scored, dead ones included."""
        return len(self._waiting)

    @property
    def unsettled(self) -> int:
        """How many wait or are being scored."""
        return len(self._unsettled)

    def add(self, request: ExecuteRequest, settle: Callable[[int], None], arrival: Arrival) -> None:
        """Take a frame in. `settle` is called with its number when all its tasks are settled."""
        if request.cancelled:
            self._cancel(request.cancelled, self._every)
        for cancelled in request.cancelled_models:
            self._cancel(cancelled.task_ids, cancelled.models)
        tasks = request.tasks
        frame = Frame(request.frame, request.collector, len(tasks), settle)
        for task, (models, enough) in zip(tasks, self._shares(request), strict=False):
            deadline = arrival.deadline(task.deadline_ns)
            waiting = Waiting(
                task, task.batch.rows, frame, arrival.at, deadline, False, models, enough
            )
            self._waiting.append(waiting)
            self._unsettled.setdefault(task.id, []).append(waiting)

    def _shares(self, request: ExecuteRequest) -> Iterator[tuple[tuple[int, ...], int]]:
        """Yield which models score each task, as long as there are any, and how many are enough."""
        for share in request.shares:
            # A router that knows more models than there are was told of another host.
            models = tuple([model for model in share.models if model < len(self._every)])
            yield from repeat((models, share.enough), share.tasks)
        yield from repeat((self._every, 0))

    def take(self, now: float) -> list[Waiting]:
        """Return the tasks to score next, and drop those in front of them that are dead.

        At least one if there is any alive; each must be settled.
        """
        batch: list[Waiting] = []
        rows = 0
        while self._waiting:
            head = self._waiting[0]
            if head.cancelled or head.deadline <= now:
                self._drop(self._waiting.popleft())
                continue
            if batch and rows + head.rows > self.row_limit:
                break
            batch.append(self._waiting.popleft())
            rows += head.rows
        return batch

    def settle(self, tasks: Iterable[Waiting]) -> None:
        """Tasks are scored and reported, or failed, or dropped: their frames' credit may go back."""
        unsettled = self._unsettled
        for waiting in tasks:
            task_id = waiting.task.id
            here = unsettled[task_id]
            if len(here) == 1:
                del unsettled[task_id]
            else:
                here.remove(waiting)
            frame = waiting.frame
            frame.open_tasks -= 1
            if frame.open_tasks == 0:
                frame.settle(frame.number)

    def _cancel(self, task_ids: Iterable[int], models: Iterable[int]) -> None:
        for task_id in task_ids:
            for waiting in self._unsettled.get(task_id, ()):
                waiting.cancel(models)

    def _drop(self, waiting: Waiting) -> None:
        for model in waiting.models:
            self.works[model].rows_dropped += waiting.rows
        self.dropped(waiting)
        self.settle((waiting,))
