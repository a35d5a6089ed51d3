"""Starts the models of tasks that do not all start at once: keeps the schedule of each task.

Two things move a schedule on: time, and the collector's word that models have ended and the task goes on.
Tasks that take the same step at the same moment go together, so that frames stay whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from hedgerow.v1.collection_pb2 import TaskProgress
from services.common.clock import now_ns
from services.common.deadlines import Deadlines
from services.router.hedging.delays import Delays
from services.router.hedging.schedule import Schedule
from services.router.hosts.fleet import Fleet
from services.router.hosts.instance import ModelInstance, Offer
from services.router.hosts.work_spared import WorkSpared
from services.router.joins.hosts import choose
from services.router.tasks import Scattered, Started, Task, grouped

_EARLY_SECONDS = 0.001
"""By so much a wake-up may come early (see Deadlines); what it was for is due then."""


class Scheduler:
    """The schedules of all tasks. `open_task` gives a task that is not answered yet, by its id."""

    def __init__(
        self, fleet: Fleet, work: WorkSpared, open_task: Callable[[int], Task | None]
    ) -> None:
        self._fleet = fleet
        self._work = work
        self._open_task = open_task
        self._loop = asyncio.get_running_loop()
        self._wakes: Deadlines[int] = Deadlines(self._wake)

    @property
    def waiting(self) -> int:
        """Tasks that have a model which may start by itself."""
        return len(self._wakes)

    def begin(self, task: Task, delays: Delays, startable: int) -> int:
        """Give a task its schedule; return a bit for each model that starts with it.

        `startable` has a bit for each model that may start at all.
        """
        schedule = task.schedule = Schedule(task.plan.strategy, delays, startable)
        schedule.start((now_ns() - task.admitted) / 1e9)
        self._set_wake(task, schedule)
        return schedule.started

    def progress(self, messages: Sequence[TaskProgress]) -> None:
        """Models of some tasks have ended and the tasks go on."""
        tasks = []
        for message in messages:
            task = self._open_task(message.task_id)
            if task is None or task.done or task.schedule is None:
                continue
            undecided = message.undecided
            if undecided:
                task.schedule.undecided = list(undecided)
            if news := task.schedule.end(message.ended) & task.schedule.replicated:
                task.stop(news)
            tasks.append(task)
        self._advance(tasks)

    def _wake(self, task_ids: list[int]) -> None:
        found = [self._open_task(task_id) for task_id in task_ids]
        self._advance([task for task in found if task is not None and not task.done])

    def _advance(self, tasks: Iterable[Task]) -> None:
        """Start whatever is due now of these tasks."""
        steps: list[tuple[Task, int]] = []
        replicas: list[tuple[Task, int]] = []
        now = now_ns()
        for task in tasks:
            if (schedule := task.schedule) is None:
                continue
            elapsed = (now - task.admitted) / 1e9 + _EARLY_SECONDS
            steps += [(task, place) for place in schedule.start(elapsed)]
            replicas += [(task, place) for place in schedule.replicate(elapsed)]
            self._set_wake(task, schedule)
        self._start_models(steps)
        self._replicate(replicas)

    def _start_models(self, steps: list[tuple[Task, int]]) -> None:
        for place, tasks in by_place(steps):
            # Told before they are offered: what a host says may overtake it, and does no harm then.
            tasks[0].open_at.start_model(place, tasks)
            if left := self.offer(place, tasks):
                tasks[0].open_at.lose(place, "its last host has gone", left, not_started=True)

    def _replicate(self, steps: list[tuple[Task, int]]) -> None:
        for place, tasks in by_place(steps):
            spared = self._work.of(*tasks[0].plan.entries[place].model, tasks[0].versions[place])
            spared.replicas += len(tasks) - len(self.offer(place, tasks))

    def offer(self, place: int, tasks: list[Task], is_lost: bool = False) -> list[Task]:
        """Offer tasks of one plan and collector to hosts of a model that never had them.

        Returns those for which there is none. Where the host that had them `is_lost`, those of several keys
        are split anew, for each key has a second host of its own.
        """
        entry = tasks[0].plan.entries[place]
        left = []
        chosen: dict[ModelInstance, list[Task]] = {}
        for alike in grouped(tasks, lambda task: (task.hosts_of(place), task.key)):
            had, key = alike[0].hosts_of(place), alike[0].key
            collector = alike[0].open_at.address
            hosts = self._fleet.candidates(entry.model, entry.versions, collector, had)
            if is_lost and len(hosts) > 1:
                alike = [task for task in alike if not _scatters(task, place)]
            instance = choose(hosts, key)
            if instance is None:
                left += alike
            else:
                chosen.setdefault(instance, []).extend(alike)
        for instance, group in chosen.items():
            started = Started(instance.link, (place,), (instance.number,))
            offers = [Offer(task, started, *task.encode_undecided()) for task in group]
            for offer in offers:
                offer.task.start(started)
                if offer.task.schedule is not None and offer.rows < offer.task.rows:
                    offer.task.schedule.asked.setdefault(place, offer.rows)
            instance.link.offer(offers)
        return left

    def _set_wake(self, task: Task, schedule: Schedule) -> None:
        wakes_at = schedule.wakes_at()
        if wakes_at is None:
            self._wakes.remove(task.id)
        else:
            left = wakes_at - (now_ns() - task.admitted) / 1e9
            self._wakes.add(task.id, self._loop.time() + left)

    def ended(self, task: Task) -> None:
        """Forget a task, and count what never started of it."""
        if task.schedule is not None:
            self._wakes.remove(task.id)
        if task.schedule is not None or task.no_time:
            self._count_not_started(task)

    def _count_not_started(self, task: Task) -> None:
        held, asked = (
            (task.schedule.held, task.schedule.asked) if task.schedule is not None else (0, {})
        )
        for place, entry in enumerate(task.plan.entries):
            rows = task.rows if (held | task.no_time) >> place & 1 else 0
            if place in asked:
                rows = task.rows - asked[place]
            if rows:
                self._work.of(*entry.model, task.versions[place]).rows_not_started += rows

    def close(self) -> None:
        """Start nothing any more."""
        self._wakes.close()


def _scatters(task: Task, place: int) -> bool:
    """Have a task of several keys split anew, and tell whether it is; no shadow is worth that."""
    is_due = task.has_several_keys and task.plan.strategy.voters >> place & 1 and not task.done
    if is_due:
        task.outcome.set_exception(Scattered(task))
    return bool(is_due)


def by_place(steps: Iterable[tuple[Task, int]]) -> list[tuple[int, list[Task]]]:
    """Return the tasks of one plan, collector and model together."""
    groups: dict[tuple[int, int, int], list[Task]] = {}
    for task, place in steps:
        groups.setdefault((id(task.plan), id(task.collector), place), []).append(task)
    return [(place, tasks) for (_, _, place), tasks in groups.items()]
