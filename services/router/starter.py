"""Starts the models of tasks: opens them at a collector and offers them to hosts, at once or when due.

Where everything starts at once, the tasks of a group share all that is decided about them. Where not, each
has a course of its own; tasks whose courses take the same step at the same moment still go together, so
that frames stay whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

from hedgerow.errors import Unavailable
from hedgerow.v1.collection_pb2 import TaskProgress
from services.common.deadlines import Deadlines
from services.router.book import Plan
from services.router.collectors import Collectors
from services.router.course import Course
from services.router.fleet import Fleet
from services.router.host_link import HostLink, Offer
from services.router.tasks import Task, now_ns
from services.router.timing import Timing
from services.router.work import Work

K = TypeVar("K", bound=Hashable)

_EARLY_SECONDS = 0.001
"""By so much a wake-up may come early (see Deadlines); what it was for is due then."""


class Starter:
    """Decides when the models of each task start, and on which hosts."""

    def __init__(
        self,
        fleet: Fleet,
        collectors: Collectors,
        timing: Timing,
        work: Work,
        open_task: Callable[[int], Task | None],
    ) -> None:
        self._fleet = fleet
        self._collectors = collectors
        self._timing = timing
        self._work = work
        self._open_task = open_task
        self._loop = asyncio.get_running_loop()
        self._wakes: Deadlines[int] = Deadlines(self._wake)

    @property
    def waiting(self) -> int:
        """Tasks that have a model which may start by itself."""
        return len(self._wakes)

    # -- tasks that begin --------------------------------------------------------------------------

    def start(self, tasks: Iterable[Task], besides: object = None) -> None:
        """Start tasks, of any plans, at any collector but one."""
        collector = self._collectors.choose(besides)
        alive = [task for task in tasks if not task.done]
        if collector is None:
            refuse(alive, Unavailable("no collector is reachable; try again in a moment"))
            return
        for task in alive:
            task.collector = collector
        for group in grouped(alive, lambda task: id(task.plan)):
            self._start_group(group[0].plan, group)

    def _start_group(self, plan: Plan, tasks: list[Task]) -> None:
        collector = tasks[0].collector
        assert collector is not None
        links = [
            self._fleet.choose(model, version, collector.address) for model, version in plan.models
        ]
        versions = [link.model.version if link else 0 for link in links]
        for task in tasks:
            task.versions = versions
        hosted = sum([1 << slot for slot, link in enumerate(links) if link is not None])
        if self._timing.have_time(plan, tasks, hosted):
            self._start_fitting(plan, tasks, links, hosted, 0)
            return
        left_out = {task.id: self._timing.left_out(plan, task, hosted) for task in tasks}
        for group in grouped(tasks, lambda task: left_out[task.id]):
            self._start_fitting(plan, group, links, hosted, left_out[group[0].id])

    def _start_fitting(
        self,
        plan: Plan,
        tasks: list[Task],
        links: Sequence[HostLink | None],
        hosted: int,
        no_time: int,
    ) -> None:
        """Start tasks for which the same models are left out."""
        for task in tasks:
            task.no_time = no_time
        startable = hosted & ~no_time
        if plan.strategy.is_plain:
            self._start_together(tasks, links, startable, 0)
            return
        waits = self._timing.waits(plan, tasks[0])
        shadows = startable & ~plan.strategy.voters
        first: dict[int, int] = {}
        now = now_ns()
        for task in tasks:
            task.course = Course(plan.strategy, waits, startable)
            task.course.start((now - task.admitted) / 1e9)
            first[task.id] = task.course.started | shadows
        for group in grouped(tasks, lambda task: first[task.id]):
            at_once = first[group[0].id]
            self._start_together(group, links, at_once, startable & ~at_once)
        for task in tasks:
            self._set_wake(task)

    def _start_together(
        self, tasks: list[Task], links: Sequence[HostLink | None], at_once: int, held: int
    ) -> None:
        """Start the same models of tasks, on the same hosts."""
        running: list[tuple[int, HostLink]] = [
            (slot, link)
            for slot, link in enumerate(links)
            if link is not None and at_once >> slot & 1
        ]
        for task in tasks:
            task.running = running
        # The hosts first: what they do takes longer than the way of the opening, which may be overtaken.
        for slot, link in running:
            link.offer([Offer(task, slot, task.encoded, task.rows) for task in tasks])
        tasks[0].open_at.open(tasks[0].plan, tasks, held)

    # -- tasks that go on --------------------------------------------------------------------------

    def progress(self, messages: Sequence[TaskProgress]) -> None:
        """Models of some tasks have ended and the tasks go on."""
        tasks = []
        for message in messages:
            task = self._open_task(message.task_id)
            if task is None or task.done or task.course is None:
                continue
            undecided = message.undecided
            if undecided:
                task.course.undecided = list(undecided)
            if news := task.course.end(message.ended) & task.course.replicated:
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
            if (course := task.course) is None:
                continue
            elapsed = (now - task.admitted) / 1e9 + _EARLY_SECONDS
            steps += [(task, slot) for slot in course.start(elapsed)]
            replicas += [(task, slot) for slot in course.replicate(elapsed)]
            self._set_wake(task)
        self._launch(steps)
        self._replicate(replicas)

    def _launch(self, steps: list[tuple[Task, int]]) -> None:
        for slot, tasks in _by_place(steps):
            # Told before they are offered: what a host says may overtake it, and does no harm then.
            tasks[0].open_at.launch(slot, tasks)
            if left := self.offer(slot, tasks):
                tasks[0].open_at.lose(slot, "its last host has gone", left, not_started=True)

    def _replicate(self, steps: list[tuple[Task, int]]) -> None:
        for slot, tasks in _by_place(steps):
            spared = self._work.of(*tasks[0].plan.models[slot][0], tasks[0].versions[slot])
            spared.replicas += len(tasks) - len(self.offer(slot, tasks))

    def offer(self, slot: int, tasks: list[Task]) -> list[Task]:
        """Offer tasks of one plan and collector to hosts of a model that never had them.

        Returns those for which there is none.
        """
        model, version = tasks[0].plan.models[slot]
        left = []
        for group in grouped(tasks, lambda task: task.hosts_of(slot)):
            had = group[0].hosts_of(slot)
            link = self._fleet.choose(model, version, group[0].open_at.address, had)
            if link is None:
                left += group
                continue
            offers = [Offer(task, slot, *task.encode_undecided()) for task in group]
            for offer in offers:
                offer.task.running = [*offer.task.running, (slot, link)]
                if offer.task.course is not None and offer.rows < offer.task.rows:
                    offer.task.course.asked.setdefault(slot, offer.rows)
            link.offer(offers)
        return left

    def _set_wake(self, task: Task) -> None:
        wakes_at = task.course.wakes_at() if task.course is not None else None
        if wakes_at is None:
            self._wakes.remove(task.id)
        else:
            left = wakes_at - (now_ns() - task.admitted) / 1e9
            self._wakes.add(task.id, self._loop.time() + left)

    # -- tasks that end ----------------------------------------------------------------------------

    def ended(self, task: Task) -> None:
        """Forget a task, and count what never started of it."""
        if task.course is not None:
            self._wakes.remove(task.id)
        if task.course is not None or task.no_time:
            self._count_not_started(task)

    def _count_not_started(self, task: Task) -> None:
        held, asked = (task.course.held, task.course.asked) if task.course is not None else (0, {})
        for slot, (model, _) in enumerate(task.plan.models):
            rows = task.rows if (held | task.no_time) >> slot & 1 else 0
            if slot in asked:
                rows = task.rows - asked[slot]
            if rows:
                self._work.of(*model, task.versions[slot]).rows_not_started += rows

    def close(self) -> None:
        """Start nothing any more."""
        self._wakes.close()


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


def _by_place(steps: Iterable[tuple[Task, int]]) -> list[tuple[int, list[Task]]]:
    """Return the tasks of one plan, collector and model together."""
    groups: dict[tuple[int, int, int], list[Task]] = {}
    for task, slot in steps:
        groups.setdefault((id(task.plan), id(task.collector), slot), []).append(task)
    return [(slot, tasks) for (_, _, slot), tasks in groups.items()]
