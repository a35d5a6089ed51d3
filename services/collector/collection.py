"""All open tasks: what happens to each, and when it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from hedgerow.errors import InvalidInput
from services.collector.reports import Part, Report, Result
from services.collector.strays import Strays
from services.collector.tasks import Task
from services.common.deadlines import Deadlines


class Collection:
    """The open tasks of a collector.

    A task ends when its last record is decided, at its deadline at the latest, and `Task.decided` is
    called once for it; or it is forgotten, and nothing is called. After that nothing of it is left here
    but, for a while, its id. Times are seconds of `clock`.
    """

    def __init__(self, strays: Strays, clock: Callable[[], float] = time.monotonic) -> None:
        self._strays = strays
        self._clock = clock
        self._tasks: dict[int, Task] = {}
        self._deadlines: Deadlines[int] = Deadlines(self._expire, clock)

    def __len__(self) -> int:
        return len(self._tasks)

    def open(self, task: Task, deadline: float) -> None:
        """Open a task, with the results that are here already. It may end at once.

        A task that is open already was lost by its router, or by the stream to it, and is opened anew:
        what has been said about it still counts.
        """
        known = self._tasks.get(task.id)
        self._tasks[task.id] = task
        self._deadlines.add(task.id, deadline)
        if known is not None:
            _hand_over(known, task)
        early = self._strays.claim(task.id)
        for report, start, result in early:
            self._keep(task, report, start, result)
        if known is not None or early or not task.running:
            self._settle(task)

    def report(self, report: Report, results: Iterable[Result]) -> None:
        """Take the results of a frame, in the order of their rows."""
        tasks = self._tasks
        start = 0
        for result in results:
            task = tasks.get(result[0])
            if task is None:
                self._strays.add(result[0], (report, start, result))
            elif self._keep(task, report, start, result):
                self._settle(task)
            start += result[1]

    def lose(
        self, task_ids: Iterable[int], place: int, reason: str, not_started: bool = False
    ) -> None:
        """A model of the plan will not answer these tasks, whichever of them are still open.

        Raises InvalidInput if a plan has no such place.
        """
        for task in self._open_of(task_ids, place, "lost"):
            if task.parts[place] is not None:
                continue
            if not_started:
                task.pass_over(place, reason)
            else:
                self._fail(task, place, reason)
            self._settle(task)

    def launch(self, task_ids: Iterable[int], place: int) -> None:
        """A model of the plan that was held is started. Raises InvalidInput, as `lose`."""
        for task in self._open_of(task_ids, place, "started"):
            task.launch(place)

    def cancel(self, task_ids: Iterable[int]) -> int:
        """End tasks that nobody waits for, without a decision; return how many were open."""
        cancelled = 0
        for task_id in task_ids:
            if self._tasks.pop(task_id, None) is not None:
                self._deadlines.remove(task_id)
                self._strays.remember(task_id)
                cancelled += 1
        return cancelled

    def forget(self, decided: Callable[[Task], None]) -> None:
        """Forget the tasks of whoever takes them by `decided`.

        Their ids are not remembered: if a router opens them again, by a new stream, what is reported
        meanwhile has come early.
        """
        for task in [task for task in self._tasks.values() if task.decided == decided]:
            del self._tasks[task.id]
            self._deadlines.remove(task.id)

    def close(self) -> None:
        """Forget everything."""
        self._tasks.clear()
        self._deadlines.close()

    def _keep(self, task: Task, report: Report, start: int, result: Result) -> bool:
        """Keep what a frame says about a task; return whether a voter is heard that was not before."""
        _, rows, queued, failure, records = result
        place = task.lineup.place_of(report.name, report.version)
        if place is None:
            report.counts.late += 1
            return False
        if task.parts[place] is not None:
            # Started twice: the first to answer counts.
            report.counts.wasted += report.seconds_of(rows)
            return False
        if not failure and (records or rows != task.rows):
            failure = _misfit(task, rows, records)
        if failure:
            self._fail(task, place, failure)
        else:
            report.counts.answered += 1
            task.take(place, Part(report, start, queued, rows, records))
        return bool(task.lineup.policy.voters >> place & 1)

    def _fail(self, task: Task, place: int, reason: str) -> None:
        if task.fail(place, reason):
            task.lineup.counts[place].failed += 1

    def _settle(self, task: Task) -> None:
        if task.judge(False):
            self._end(task)
        elif task.progressed is not None:
            task.progressed(task)

    def _open_of(self, task_ids: Iterable[int], place: int, what: str) -> Iterator[Task]:
        """Yield the tasks that are open. Raises InvalidInput if a plan has no such place."""
        for task_id in task_ids:
            task = self._tasks.get(task_id)
            if task is None:
                continue
            if place >= len(task.parts):
                raise InvalidInput(f"model {place} of a plan of {len(task.parts)} was {what}")
            yield task

    def _expire(self, task_ids: list[int]) -> None:
        """Decide what is not decided yet: the deadline of these tasks has come."""
        for task_id in task_ids:
            task = self._tasks.get(task_id)
            if task is not None:
                task.judge(True)
                task.expired = True
                self._end(task)

    def _end(self, task: Task) -> None:
        del self._tasks[task.id]
        self._deadlines.remove(task.id)
        task.ended = self._clock()
        task.count()
        if task.outstanding:
            self._strays.remember(task.id, task.lineup, task.answers())
        task.decided(task)


def _misfit(task: Task, rows: int, records: Sequence[int]) -> str:
    """Return why the rows of a result are not those of the task, or ""."""
    if not records:
        return "" if rows == task.rows else f"it answered {rows} of {task.rows} records"
    if len(records) != rows:
        return f"it answered {rows} records and named {len(records)}"
    if list(records) != sorted(set(records)) or records[-1] >= task.rows:
        return f"it named records that the {task.rows} of the task are not"
    return ""


def _hand_over(known: Task, task: Task) -> None:
    """Give what is known of a task to the same task, opened anew."""
    for part in known.parts:
        if part is None:
            continue
        report = part.report
        place = task.lineup.place_of(report.name, report.version)
        if place is not None and known.rows == task.rows:
            task.take(place, part)
