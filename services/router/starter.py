"""Starts tasks: opens them at a collector and offers them to hosts.

Where everything starts at once, the tasks of a group share all that is decided about them. Where not, each
has a schedule of its own (see `hedging`); tasks whose schedules begin alike still go together, so that
frames stay whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hedgerow.errors import Unavailable
from services.router.collectors.pool import CollectorPool
from services.router.hosts.fleet import Fleet
from services.router.hosts.link import HostLink, Offer
from services.router.joins.hosts import choose
from services.router.plans.prepared import Plan
from services.router.scheduler import Scheduler
from services.router.tasks import Scattered, Task, grouped, refuse
from services.router.timing import Timing


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
        together: dict[tuple[HostLink | None, ...], list[Task]] = {}
        for alike in grouped(tasks, lambda task: task.key):
            links = tuple([choose(hosts, alike[0].key) for hosts in candidates])
            together.setdefault(links, []).extend(alike)
        for links, group in together.items():
            self._start_on(plan, group, links)

    def _start_on(self, plan: Plan, tasks: list[Task], links: Sequence[HostLink | None]) -> None:
        """Start tasks on the same hosts."""
        versions = [link.model.version if link else 0 for link in links]
        for task in tasks:
            task.versions = versions
        hosted = sum([1 << place for place, link in enumerate(links) if link is not None])
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
        shadows = startable & ~plan.strategy.voters
        first: dict[int, int] = {}
        for alike in grouped(tasks, lambda task: (task.rows, task.deadline - task.admitted)):
            delays = self._timing.delays(plan, alike[0])
            for task in alike:
                first[task.id] = self._scheduler.begin(task, delays, startable) | shadows
        for group in grouped(tasks, lambda task: first[task.id]):
            at_once = first[group[0].id]
            self._start_together(group, links, at_once, startable & ~at_once)

    def _start_together(
        self, tasks: list[Task], links: Sequence[HostLink | None], at_once: int, held: int
    ) -> None:
        """Start the same models of tasks, on the same hosts."""
        running: list[tuple[int, HostLink]] = [
            (place, link)
            for place, link in enumerate(links)
            if link is not None and at_once >> place & 1
        ]
        for task in tasks:
            task.running = running
        # The hosts first: what they do takes longer than the way of the opening, which may be overtaken.
        for place, link in running:
            link.offer([Offer(task, place, task.encoded, task.rows) for task in tasks])
        tasks[0].open_at.open(tasks[0].plan, tasks, held)
