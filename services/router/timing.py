"""What is known of how long models take, and what follows from it for the tasks to come."""

from __future__ import annotations

from collections.abc import Sequence

from hedgerow.v1.collection_pb2 import TaskDecision
from hedgerow.v1.scoring_pb2 import MODEL_STATE_ANSWERED
from services.common.clock import now_ns
from services.router.hedging.delays import Bounds, Delays, resolve
from services.router.hedging.probes import Probes
from services.router.hedging.response_times import ResponseTimes
from services.router.plans.prepared import Plan
from services.router.tasks import Task

_NEARLY_ALWAYS = 0.99
"""The quantile of response times that must fit the time left."""
_SAMPLE_EVERY_NS = 2_000_000
"""One task in this time is looked at, in the mean: to read its reports costs as much as its decision."""
_MOST_SAMPLES = 64
"""Looked at together, when there were none for a while: decisions come in frames."""


class Timing:
    """Learns from decisions."""

    def __init__(self, times: ResponseTimes, bounds: Bounds) -> None:
        self._times = times
        self._bounds = bounds
        self._probes = Probes(times)
        self._sampled_until = 0
        """The moment up to which all samples that time allows have been taken."""

    def delays(self, plan: Plan, task: Task) -> Delays:
        """Say how long the models of a task like this one wait."""

        def learnt(place: int, quantile: float) -> float | None:
            return self._times.quantile(plan.entries[place].key, task.rows, quantile)

        allowed = (task.deadline - task.admitted) / 1e9
        return resolve(plan.strategy, learnt, self._bounds, allowed)

    def have_time(self, plan: Plan, tasks: Sequence[Task], hosted: int) -> bool:
        """Whether no model need be left out of any of the tasks; `hosted` are those that hosts serve."""
        left = (min([task.deadline for task in tasks]) - now_ns()) / 1e9
        sizes = {task.rows for task in tasks}
        return not any(self._too_slow(plan, rows, hosted, left) for rows in sizes)

    def left_out(self, plan: Plan, task: Task, hosted: int) -> int:
        """Return a bit for each model that can hardly answer in time, and need not be probed.

        If all would be left out then none is: where nothing is sure, anything is worth trying.
        """
        left = (task.deadline - now_ns()) / 1e9
        slow = self._too_slow(plan, task.rows, hosted, left)
        if slow == hosted & plan.strategy.voters:
            return 0
        for place, entry in enumerate(plan.entries):
            if slow >> place & 1 and self._probes.is_due(entry.key, task.rows):
                task.probes |= 1 << place
        return slow & ~task.probes

    def observe(self, task: Task, decided: TaskDecision) -> None:
        """Learn from a decision, now and then."""
        now = now_ns()
        self._sampled_until = max(self._sampled_until, now - _MOST_SAMPLES * _SAMPLE_EVERY_NS)
        if self._sampled_until < now:
            self._sampled_until += _SAMPLE_EVERY_NS
        elif not task.probes:
            return
        started_at = task.schedule.started_at if task.schedule is not None else {}
        for place, report in enumerate(decided.decision.models):
            if report.state == MODEL_STATE_ANSWERED:
                seconds = report.elapsed.ToNanoseconds() / 1e9
            elif decided.outstanding >> place & 1:
                seconds = (now - task.admitted) / 1e9
            else:
                continue
            rows = report.records or task.rows
            self._times.add(
                task.plan.entries[place].key, rows, seconds - started_at.get(place, 0.0)
            )
            if task.probes >> place & 1:
                fits = report.state == MODEL_STATE_ANSWERED
                self._probes.ended(task.plan.entries[place].key, task.rows, fits)

    def _too_slow(self, plan: Plan, rows: int, hosted: int, left: float) -> int:
        slow = 0
        voters = hosted & plan.strategy.voters
        for place, entry in enumerate(plan.entries):
            if voters >> place & 1:
                time = self._times.quantile(entry.key, rows, _NEARLY_ALWAYS)
                if time is not None and time >= left:
                    slow |= 1 << place
        return slow
