"""All open tasks: what happens to each, and when it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from hedgerow.errors import InvalidInput
from services.collector.tasks.ended import EndedTask
from services.collector.tasks.model_answer import ModelAnswer, records_of
from services.collector.tasks.reports import Report, Result
from services.collector.tasks.task import Task
from services.collector.tasks.unclaimed import UnclaimedResults
from services.common.deadlines import Deadlines


class OpenTasks:
    """The open tasks of a collector.

    A task ends when its last record is decided, at its deadline at the latest, and `Task.decided` is
    called once for it; or it is cancelled or forgotten, and nothing is called. After that nothing of it is
    left here but, for a while, what was decided. Times are seconds of `clock`.
    """

    def __init__(
        self, unclaimed: UnclaimedResults, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._unclaimed = unclaimed
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
        before = self._tasks.get(task.id)
        self._tasks[task.id] = task
        self._deadlines.add(task.id, deadline)
        if before is not None:
            before.ended = self._clock()
            _hand_over(before, task)
        early = self._unclaimed.claim(task.id)
        kept = [self._keep(task, *result) for result in early] if early else ()
        if before is not None or any(kept) or not task.lineup.running:
            self._settle(task)

    def report(self, said: Sequence[tuple[Report, Sequence[Result]]]) -> None:
        """Take the results of a frame, of each model in the order of their rows; judge them together."""
        tasks = self._tasks
        several = len(said) > 1
        news: dict[int, Task] = {}
        for report, results in said:
            start = 0
            for result in results:
                task = tasks.get(result[0])
                if task is None:
                    self._unclaimed.add(result[0], (report, start, result))
                elif self._keep(task, report, start, result):
                    if several:
                        news[task.id] = task
                    else:
                        self._settle(task)
                start += result[1]
        for task in news.values():
            self._settle(task)

    def lose(
        self, task_ids: Iterable[int], place: int, reason: str, not_started: bool = False
    ) -> None:
        """A model of the plan will not answer these tasks, whichever of them are still open.

        Raises InvalidInput if a plan has no such place.
        """
        for task in self._open_of(task_ids, place, "lost"):
            if task.model_answers[place] is not None:
                continue
            is_news = task.outstanding & 1 << place
            if not_started:
                task.pass_over(place, reason)
            else:
                self._fail(task, place, reason)
            if is_news & task.lineup.policy.voters:
                self._settle(task)

    def start_model(self, task_ids: Iterable[int], place: int) -> None:
        """A model of the plan that was held is started. Raises InvalidInput, as `lose`."""
        for task in self._open_of(task_ids, place, "started"):
            task.start_model(place)

    def cancel(self, task_ids: Iterable[int], decided: Callable[[Task], None]) -> int:
        """End tasks of whoever takes them by `decided`, without a decision; return how many were open."""
        found = [self._tasks.get(task_id) for task_id in task_ids]
        open_ = [task for task in found if task is not None and task.decided == decided]
        for task in open_:
            self._close(task)
            self._unclaimed.remember(task.id, EndedTask(task.lineup, task.outstanding, ()))
        return len(open_)

    def forget(self, decided: Callable[[Task], None]) -> None:
        """Forget the tasks of whoever takes them by `decided`.

        Their ids are not remembered: if a router opens them again, by a new stream, what is reported
        meanwhile has come early.
        """
        for task in [task for task in self._tasks.values() if task.decided == decided]:
            self._close(task)

    def close(self) -> None:
        """Forget everything."""
        self._tasks.clear()
        self._deadlines.close()

    def _keep(self, task: Task, report: Report, start: int, result: Result) -> bool:
        """Keep what a frame says about a task; return whether it is the first of a voter."""
        _, rows, queued, failure, _ = result
        place = task.lineup.place_of(report.name, report.version)
        if place is None:
            report.counts.late += 1
            report.counts.wasted += report.row_seconds * rows
            return False
        if task.model_answers[place] is not None:
            # Started twice: the first to answer counts.
            report.counts.wasted += report.row_seconds * rows
            return False
        records = None
        if not failure and (rows != 1 or task.rows != 1):
            records, failure = records_of(result, task.rows)
        if failure:
            self._fail(task, place, failure)
        else:
            report.counts.answered += 1
            task.take(place, ModelAnswer(report, start, queued, records))
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
            if place >= len(task.lineup.names):
                raise InvalidInput(
                    f"model {place} of a plan of {len(task.lineup.names)} was {what}"
                )
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
        if task.outstanding or task.lineup.replicas:
            late = task.running if task.expired else 0
            self._unclaimed.remember(
                task.id, EndedTask(task.lineup, task.outstanding, task.decided_answers(), late)
            )
        task.decided(task)

    def _close(self, task: Task) -> None:
        del self._tasks[task.id]
        self._deadlines.remove(task.id)
        task.ended = self._clock()


def _hand_over(before: Task, task: Task) -> None:
    """Give the answers to a task to the same task, opened anew."""
    for answer in before.model_answers:
        if answer is None:
            continue
        report = answer.report
        place = task.lineup.place_of(report.name, report.version)
        if place is not None and before.rows == task.rows:
            task.take(place, answer)
