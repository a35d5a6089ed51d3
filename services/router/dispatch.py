"""Starts the models of tasks: opens them at a collector and offers them to hosts.

When a host's stream ends, what it had goes to another host of that model if time is left; else the
collector is told that the model will not answer, and decides without waiting for it.
"""

from __future__ import annotations

from collections.abc import Iterable

from hedgerow.errors import Unavailable
from services.router.book import Plan
from services.router.collectors import Collectors
from services.router.fleet import Fleet
from services.router.host_link import HostLink, Offer
from services.router.tasks import Task, now_ns


class Dispatcher:
    """Sends groups of tasks on their way."""

    def __init__(self, fleet: Fleet, collectors: Collectors) -> None:
        self._fleet = fleet
        self._collectors = collectors

    def start(self, tasks: list[Task]) -> None:
        """Start tasks, of any plans."""
        by_plan: dict[int, list[Task]] = {}
        for task in tasks:
            if not task.done:
                by_plan.setdefault(id(task.plan), []).append(task)
        for group in by_plan.values():
            self._start_group(group[0].plan, group)

    def _start_group(self, plan: Plan, tasks: list[Task]) -> None:
        collector = self._collectors.choose()
        if collector is None:
            refuse(tasks, Unavailable("no collector is reachable; try again in a moment"))
            return
        links = [self._fleet.choose(model, version) for model, version in plan.models]
        versions = [link.model.version if link else 0 for link in links]
        for task in tasks:
            task.collector = collector
        # The hosts first: what they do takes longer than the way of the opening, which may be overtaken.
        for slot, link in enumerate(links):
            if link is not None:
                link.offer([Offer(task, slot) for task in tasks])
        collector.open(plan, versions, tasks)

    def lost(self, link: HostLink, offers: list[Offer]) -> None:
        """Start what a host had on another one; give up what cannot be."""
        now = now_ns()
        for slot, tasks in _by_slot(offers).items():
            in_time = [task for task in tasks if task.deadline > now]
            if not in_time:
                continue
            model, version = in_time[0].plan.models[slot]
            other = self._fleet.choose(model, version, besides=link)
            if other is not None:
                other.offer([Offer(task, slot) for task in in_time])
            else:
                give_up(slot, f"the host of {link.reference} died", in_time)


def give_up(slot: int, reason: str, tasks: Iterable[Task]) -> None:
    """Tell the collectors of the tasks that a model will not answer them."""
    by_collector: dict[int, list[Task]] = {}
    for task in tasks:
        by_collector.setdefault(id(task.collector), []).append(task)
    for group in by_collector.values():
        if (collector := group[0].collector) is not None:
            collector.lose(slot, reason, group)


def refuse(tasks: Iterable[Task], error: Exception) -> None:
    """Answer tasks with an error."""
    for task in tasks:
        if not task.done:
            task.outcome.set_exception(error)


def _by_slot(offers: list[Offer]) -> dict[int, list[Task]]:
    by_slot: dict[int, list[Task]] = {}
    for offer in offers:
        by_slot.setdefault(offer.slot, []).append(offer.task)
    return by_slot
