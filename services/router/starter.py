"""Starts tasks: opens them at a collector and offers them to hosts.

Where everything starts at once, the tasks of a group share all that is decided about them. Where not, each
has a schedule of its own (see `hedging`); tasks whose schedules begin alike still go together, so that
frames stay whole.
"""

from __future__ import annotations

from collections.abc import Iterable

from hedgerow.errors import Unavailable
from services.router.collectors.pool import CollectorPool
from services.router.hosts.fleet import Fleet
from services.router.hosts.instance import Link, ModelInstance, Offer
from services.router.joins.hosts import choose_together
from services.router.plans.prepared import Plan
from services.router.scheduler import Scheduler
from services.router.tasks import Scattered, Started, Task, grouped, refuse
from services.router.timing import Timing

Instances = tuple[ModelInstance | None, ...]
"""Where each model of a plan is scored; None: nowhere."""


class Starter:
    """Decides for each task where it is open, on which hosts its models run, and which start with it."""

    def __init__(
        self, fleet: Fleet, collectors: CollectorPool, timing: Timing, scheduler: Scheduler
    ) -> None:
        self._fleet = fleet
        self._collectors = collectors
        self._timing = timing
        self._scheduler = scheduler

    def start(self, tasks: Iterable[Task], excluding: object = None) -> None:
        """Start tasks, of any plans, at any collector but one."""
        collector = self._collectors.choose(excluding)
        alive = [task for task in tasks if not task.done and self._is_together(task)]
        if collector is None:
            refuse(alive, Unavailable("no collector is reachable; try again in a moment"))
            return
        for task in alive:
            task.collector = collector
        for group in grouped(alive, lambda task: id(task.plan)):
            self._start_group(group[0].plan, group)

    def _is_together(self, task: Task) -> bool:
        """Tell whether a task's keys belong together as they did; else have it split anew."""
        if not task.has_several_keys or task.split_at == self._fleet.epoch:
            return True
        task.outcome.set_exception(Scattered(task))
        return False

    def _start_group(self, plan: Plan, tasks: list[Task]) -> None:
        collector = tasks[0].open_at.address
        candidates = [
            self._fleet.candidates(entry.model, entry.versions, collector) for entry in plan.entries
        ]
        together: dict[Instances, list[Task]] = {}
        for alike in grouped(tasks, lambda task: task.key):
            instances = tuple(choose_together(candidates, alike[0].key))
            together.setdefault(instances, []).extend(alike)
        for instances, group in together.items():
            self._start_on(plan, group, instances)

    def _start_on(self, plan: Plan, tasks: list[Task], instances: Instances) -> None:
        """Start tasks on the same hosts."""
        versions = [one.model.version if one else 0 for one in instances]
        for task in tasks:
            task.versions = versions
        hosted = sum([1 << place for place, one in enumerate(instances) if one is not None])
        if self._timing.have_time(plan, tasks, hosted):
            self._start_fitting(plan, tasks, instances, hosted, 0)
            return
        left_out = {task.id: self._timing.left_out(plan, task, hosted) for task in tasks}
        for group in grouped(tasks, lambda task: left_out[task.id]):
            self._start_fitting(plan, group, instances, hosted, left_out[group[0].id])

    def _start_fitting(
        self,
        plan: Plan,
        tasks: list[Task],
        instances: Instances,
        hosted: int,
        no_time: int,
    ) -> None:
        """Start tasks for which the same models are left out."""
        for task in tasks:
            task.no_time = no_time
        startable = hosted & ~no_time
        if plan.strategy.is_plain:
            self._start_together(tasks, instances, startable, 0)
            return
        shadows = startable & ~plan.strategy.voters
        first: dict[int, int] = {}
        for alike in grouped(tasks, lambda task: (task.rows, task.deadline - task.admitted)):
            delays = self._timing.delays(plan, alike[0])
            for task in alike:
                first[task.id] = self._scheduler.begin(task, delays, startable) | shadows
        for group in grouped(tasks, lambda task: first[task.id]):
            at_once = first[group[0].id]
            self._start_together(group, instances, at_once, startable & ~at_once)

    def _start_together(
        self, tasks: list[Task], instances: Instances, at_once: int, held: int
    ) -> None:
        """Start the same models of tasks, on the same hosts."""
        plan = tasks[0].plan
        running = started_on(instances, at_once, plan.enough)
        shared = list(running.values())
        for task in tasks:
            task.running = shared
        # The hosts first: what they do takes longer than the way of the opening, which may be overtaken.
        for link, started in running.items():
            link.offer([Offer(task, started, task.encoded, task.rows) for task in tasks])
        tasks[0].open_at.open(plan, tasks, held)


def started_on(instances: Instances, at_once: int, enough: int) -> dict[Link, Started]:
    """Return what each host is to start of the models of a plan, those whose bits are set in `at_once`."""
    by_host: dict[Link, list[tuple[int, int]]] = {}
    for place, one in enumerate(instances):
        if one is not None and at_once >> place & 1:
            by_host.setdefault(one.link, []).append((place, one.number))
    found = {}
    for link, pairs in by_host.items():
        places, models = zip(*pairs, strict=True)
        found[link] = Started(link, places, models, enough if enough < len(pairs) else 0)
    return found
