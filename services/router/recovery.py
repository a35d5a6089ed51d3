"""What follows when a part of the mesh is lost: what it had starts again elsewhere while there is time.

Starting again is harmless: a collector counts one answer of a model for a task, however often it comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hedgerow.errors import NoAnswer, Unavailable
from services.common.clock import now_ns
from services.router.collectors.pool import CollectorPool
from services.router.hosts.instance import Offer
from services.router.hosts.link import HostLink
from services.router.scheduler import Scheduler, by_place
from services.router.starter import Starter
from services.router.tasks import Task, grouped, refuse

_ALL = ~0


class Recovery:
    """Starts lost work again. `open_tasks` gives all tasks that are not answered."""

    def __init__(
        self,
        starter: Starter,
        scheduler: Scheduler,
        collectors: CollectorPool,
        open_tasks: Callable[[], Iterable[Task]],
    ) -> None:
        self._starter = starter
        self._scheduler = scheduler
        self._collectors = collectors
        self._open_tasks = open_tasks

    def host_lost(self, link: HostLink, offers: list[Offer]) -> None:
        """A host has died, or is out of reach."""
        lost = [
            (offer.task, place)
            for offer in offers
            for place in offer.task.needed(offer.started.places)
        ]
        self._give_up(self._elsewhere(link, lost, is_lost=True), link, "died")

    def cut(self, link: HostLink, collector: str) -> None:
        """A host cannot reach a collector: what it reported there lately may be lost.

        Where no other host of the model is left, tasks are opened again at another collector.
        """
        lost = [
            (task, place)
            for task in self._open_tasks()
            if task.collector is not None and task.collector.address == collector
            for started in task.running
            if started.host is link
            for place in task.needed(started.places)
        ]
        left = self._elsewhere(link, lost)
        if left and self._collectors.choose(excluding=left[0][0].collector) is not None:
            self._open_again(list({task.id: task for task, _ in left}.values()))
        else:
            self._give_up(left, link, "cannot reach the collector")

    def collector_lost(self, tasks: list[Task]) -> None:
        """A collector has died, or is out of reach: open its tasks at another one."""
        if not tasks:
            return  # also each attempt in vain to reach one ends here: nobody needs another one
        if self._collectors.choose() is None:
            refuse(tasks, Unavailable("the collector of this task died; try again"))
            return
        self._open_again([task for task in tasks if not task.done])

    def _open_again(self, tasks: list[Task]) -> None:
        """Start tasks at another collector from the beginning, with the time that is left."""
        now = now_ns()
        late = [task for task in tasks if task.deadline <= now]
        refuse(late, NoAnswer("the collector was lost at the deadline", deadline_reached=True))
        in_time = [task for task in tasks if task.deadline > now]
        for group in grouped(in_time, lambda task: id(task.collector)):
            before = group[0].open_at
            before.cancel(group)
            for task in group:
                task.stop(_ALL)
            self._starter.start(group, excluding=before)

    def _elsewhere(
        self, link: HostLink, lost: Iterable[tuple[Task, int]], is_lost: bool = False
    ) -> list[tuple[Task, int]]:
        """Start models of tasks on other hosts; return those for which there is none."""
        now = now_ns()
        due = [
            (task, place)
            for task, place in lost
            if task.deadline > now and not _may_answer(task, place, link)
        ]
        return [
            (task, place)
            for place, tasks in by_place(due)
            for task in self._scheduler.offer(place, tasks, is_lost)
        ]

    @staticmethod
    def _give_up(lost: Iterable[tuple[Task, int]], link: HostLink, what: str) -> None:
        """Tell the collectors that models will not answer, for of their host `what` is so."""
        for place, tasks in by_place(lost):
            reference = link.reference_of(tasks[0].plan.entries[place].model)
            reason = f"the host of {reference} {what}"
            tasks[0].open_at.lose(place, reason, tasks, not_started=False)


def _may_answer(task: Task, place: int, excluding: HostLink) -> bool:
    """Whether a task was started on another host as well, which can still report."""
    return any(
        link is not excluding and link.is_ready and task.open_at.address not in link.cut_from
        for link in task.hosts_of(place)
    )
