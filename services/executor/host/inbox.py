"""What waits in a host: tasks of the frames that routers wrote, until they are scored or dead.

Knows neither gRPC nor models. Frames are taken whole: a frame's credit goes back when its last task is
settled, and tasks that wait together are scored together, up to a bound of rows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from hedgerow.v1.execution_pb2 import ExecuteRequest, Task


@dataclass(slots=True)
class Frame:
    """Tasks that came together. `settle` gives its credit back."""

    number: int
    collector: str
    open_tasks: int
    settle: Callable[[int], None]

    def settled(self, tasks: int) -> None:
        """Count tasks that are scored, failed or dropped."""
        self.open_tasks -= tasks
        if self.open_tasks == 0:
            self.settle(self.number)


@dataclass(slots=True)
class Waiting:
    """A task in the inbox. Times are seconds of this process's monotonic clock."""

    task: Task
    rows: int
    frame: Frame
    arrived: float
    deadline: float


@dataclass(slots=True)
class Inbox:
    """Tasks in the order in which they came."""

    row_limit: int
    dropped: int = 0
    _waiting: deque[Waiting] = field(default_factory=deque)

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, request: ExecuteRequest, settle: Callable[[int], None], now: float) -> None:
        """Take a frame in. `settle` is called with its number when all its tasks are settled."""
        sent = request.sent_unix_ns
        tasks = request.tasks
        frame = Frame(request.frame, request.collector, len(tasks), settle)
        if not tasks:
            settle(frame.number)
        for task in tasks:
            # The router's clock may differ from ours: only the time left is taken from it.
            deadline = now + (task.deadline_unix_ns - sent) / 1e9
            self._waiting.append(Waiting(task, task.batch.rows, frame, now, deadline))

    def take(self, now: float) -> list[Waiting]:
        """Return the tasks to score next, at least one if there is any, and drop those that are dead."""
        batch: list[Waiting] = []
        rows = 0
        while self._waiting:
            head = self._waiting[0]
            if head.deadline <= now:
                self._drop(self._waiting.popleft())
                continue
            if batch and rows + head.rows > self.row_limit:
                break
            batch.append(self._waiting.popleft())
            rows += head.rows
        return batch

    def _drop(self, waiting: Waiting) -> None:
        self.dropped += 1
        waiting.frame.settled(1)
