"""What waits in a host: tasks of the frames that routers wrote, until they are scored or dead.

Knows neither gRPC nor models. Frames are taken whole: a frame's credit goes back when its last task is
settled, and tasks that wait together are scored together, up to a bound of rows. A task can be cancelled
until it is settled: while it waits it is never scored, and once it has been its result is not sent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

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


def _ignore(_: Waiting) -> None:
    """Nobody wants to hear of dropped tasks."""


@dataclass(slots=True)
class Inbox:
    """Tasks in the order in which they came.

    `dropped` is called with each that was dead before it was scored. `work` counts their rows.
    """

    row_limit: int
    work: WorkDone = field(default_factory=WorkDone)
    dropped: Callable[[Waiting], None] = _ignore
    _waiting: deque[Waiting] = field(default_factory=deque)
    _unsettled: dict[int, Waiting] = field(default_factory=dict)

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
            self._cancel(request.cancelled)
        tasks = request.tasks
        frame = Frame(request.frame, request.collector, len(tasks), settle)
        for task in tasks:
            deadline = arrival.deadline(task.deadline_ns)
            waiting = Waiting(task, task.batch.rows, frame, arrival.at, deadline)
            self._waiting.append(waiting)
            self._unsettled[task.id] = waiting

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
            # The same task may have come again, after it was cancelled here.
            if unsettled.get(task_id) is waiting:
                del unsettled[task_id]
            frame = waiting.frame
            frame.open_tasks -= 1
            if frame.open_tasks == 0:
                frame.settle(frame.number)

    def _cancel(self, task_ids: Iterable[int]) -> None:
        for task_id in task_ids:
            if (waiting := self._unsettled.get(task_id)) is not None:
                waiting.cancelled = True

    def _drop(self, waiting: Waiting) -> None:
        self.work.rows_dropped += waiting.rows
        self.dropped(waiting)
        self.settle((waiting,))
