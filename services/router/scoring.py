"""Scoring as the router sees it: admit a batch, start its models, wait for the decision."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from hedgerow.errors import NoAnswer, Unavailable
from hedgerow.v1.collection_pb2 import TaskDecision, TaskProgress
from hedgerow.v1.records_pb2 import TraceContext
from hedgerow.v1.scoring_pb2 import Decision, ScoreRequest
from services.common.clock import now_ns
from services.common.deadlines import Deadlines
from services.router.admission.admission import Admission
from services.router.admission.head import Head
from services.router.admission.intake import Arrival, Intake
from services.router.admission.time_allowed import LARGEST_MARGIN, AnswerMargin
from services.router.collectors.link import CollectorListener
from services.router.collectors.pool import CollectorPool
from services.router.gathering import Gatherer
from services.router.hedging.delays import Bounds
from services.router.hedging.response_times import ResponseTimes
from services.router.hosts.fleet import Fleet
from services.router.hosts.instance import Offer
from services.router.hosts.link import HostLink
from services.router.hosts.work_spared import WorkSpared
from services.router.joins.joining import Piece, decision_of, settled
from services.router.outcomes import answer_of, has_answer
from services.router.plans.prepared import PreparedPlans
from services.router.recovery import Recovery
from services.router.scheduler import Scheduler
from services.router.settings import RouterSettings
from services.router.starter import Starter
from services.router.tasks import Task, refuse
from services.router.timing import Timing

_PATIENCE_NS = 250_000_000
"""How long after a task's deadline the collector's word is waited for."""


class Scoring:
    """All tasks of a router."""

    def __init__(self, settings: RouterSettings, plans: PreparedPlans) -> None:
        self._plans = plans
        self._loop = asyncio.get_running_loop()
        self._tasks: dict[int, Task] = {}
        self.admission = Admission(settings.max_in_flight)
        self._margin = AnswerMargin(settings.answer_margin.total_seconds())
        self._deadlines: Deadlines[int] = Deadlines(self._expired)
        self.work = WorkSpared()
        self.fleet = Fleet(
            settings.frame_tasks,
            self.work,
            plans.changed,
            plans.lineups,
            self._host_lost,
            self._host_cut,
        )
        self._intake = Intake(settings.max_batch_rows, plans, self.fleet)
        listener = CollectorListener(self._decided, self._progress, self._collector_lost)
        self.collectors = CollectorPool(listener, self.fleet.cuts, self.fleet.forget_collector)
        self._timing = _timing(settings, self._loop)
        self._scheduler = Scheduler(self.fleet, self.work, self._tasks.get)
        self._starter = Starter(self.fleet, self.collectors, self._timing, self._scheduler)
        self._recovery = Recovery(self._starter, self._scheduler, self.collectors, self.open_tasks)
        self._gatherer: Gatherer[Sequence[Task]] = Gatherer(
            settings.gather_target,
            settings.gather_at_most.total_seconds(),
            lambda batches: self._starter.start(task for tasks in batches for task in tasks),
        )
        self._empty = asyncio.Event()
        self._empty.set()
        self._closed = False
        self.called_at = float("-inf")
        """When the last call came, by the loop's clock."""

    @property
    def in_flight(self) -> int:
        """Tasks admitted and not yet answered."""
        return len(self._tasks)

    def open_tasks(self) -> list[Task]:
        """Return the tasks admitted and not yet answered."""
        return list(self._tasks.values())

    def gauges(self) -> dict[str, int]:
        """Return how much is here that comes and goes; without load, nothing."""
        return {
            "tasks_in_flight": len(self._tasks),
            "tasks_gathering": len(self._gatherer),
            "tasks_at_hosts": self.fleet.outstanding,
            "tasks_at_collectors": self.collectors.outstanding,
            "timers": self._scheduler.waiting + len(self._deadlines),
            "hosts_cut_off": self.fleet.cut_off(self.collectors.addresses),
        }

    def check(self, head: Head, time_left: float | None) -> None:
        """Raise Overloaded if a call that has `time_left` seconds could not be answered in time.

        None: it has no deadline of its own. One of a data type that nobody knows passes.
        """
        self.called_at = self._loop.time()
        plan = self._plans.find(head.data_type)
        if plan is not None:
            seconds = head.deadline or plan.deadline_ns / 1e9
            if time_left is not None:
                seconds = min(seconds, time_left)
            self.admission.check(head.data_type, seconds)

    async def score(
        self,
        request: ScoreRequest,
        time_left: float | None,
        trace: TraceContext | None,
        arrived: int = 0,
        *,
        suspect: bool = False,
    ) -> Decision:
        """Score one batch.

        When it `arrived` (by `now_ns`; 0: now), `time_left` seconds of its call's own deadline were left.
        If its records are `suspect`, a host that dies of them dies by no fault of its model.
        Raises what `ScoringService.Score` documents, as hedgerow.errors.
        """
        if self._closed:
            raise Unavailable("the router is stopping; try another one")
        at = arrived or now_ns()
        arrival = Arrival(at, time_left, self._margin.seconds(at / 1e9), trace, suspect)
        pieces = self._intake.take(request, arrival)
        self.admission.check_room(request.batch.data_type)
        self._gatherer.add(self._begin(pieces))
        try:
            while (scattered := await settled(pieces)) is not None:
                again = self._intake.split_anew(request, scattered)
                started = self._begin(again)
                pieces = [*(piece for piece in pieces if piece is not scattered), *again]
                self._forget(scattered.task)
                self._starter.start(started)
        finally:
            self._gatherer.ended()
            for piece in pieces:
                self._forget(piece.task)
        return answer_of(decision_of(pieces))

    def _begin(self, pieces: Iterable[Piece]) -> list[Task]:
        """Have the tasks of a batch under way."""
        tasks = [piece.task for piece in pieces]
        for task in tasks:
            self.admission.began(task.batch.data_type)
            self._tasks[task.id] = task
            left = task.deadline - now_ns() + _PATIENCE_NS
            self._deadlines.add(task.id, self._loop.time() + left / 1e9)
        self._empty.clear()
        return tasks

    def _forget(self, task: Task) -> None:
        self._tasks.pop(task.id, None)
        self.admission.ended(task.batch.data_type)
        self._deadlines.remove(task.id)
        task.outcome.cancel()  # where another part of its batch has failed
        if not task.has_decision:
            self._learn(task, None)
        if not task.has_decision and task.collector is not None:
            # The caller left, or was told something else: nobody needs what is still going on.
            task.collector.cancel([task])
            task.stop(task.plan.strategy.voters)
        self._scheduler.ended(task)
        if not self._tasks:
            self._empty.set()

    def _decided(self, decision: TaskDecision) -> None:
        task = self._tasks.get(decision.task_id)
        if task is None or task.done:
            return
        task.outcome.set_result(decision)
        task.has_decision = True
        cancelled = decision.outstanding
        if task.schedule is not None:
            cancelled |= task.schedule.replicated
        if cancelled:
            task.stop(cancelled)
        self._timing.observe(task, decision)
        self._learn(task, decision)

    def _learn(self, task: Task, decided: TaskDecision | None) -> None:
        """Learn from how a task ended; one that its caller gave up early says nothing."""
        data_type, now = task.batch.data_type, now_ns()
        took, allowed = now - task.admitted, task.deadline - task.admitted
        if took > allowed and (decided is None or decided.deadline_reached):
            self._margin.decided((took - allowed) / 1e9, allowed / 1e9, now / 1e9)
        if decided is not None and has_answer(decided):
            self.admission.answered(data_type)
        elif took > (1 - LARGEST_MARGIN) * allowed:
            self.admission.missed(data_type, took / 1e9, now / 1e9)

    def _progress(self, messages: Sequence[TaskProgress]) -> None:
        self._scheduler.progress(messages)

    def _expired(self, ids: list[int]) -> None:
        """The collector did not keep the deadline; the caller is told all the same."""
        error = NoAnswer("the collector did not answer in time", deadline_reached=True)
        refuse([self._tasks[i] for i in ids if i in self._tasks], error)

    def _collector_lost(self, ids: list[int]) -> None:
        self._recovery.collector_lost([self._tasks[i] for i in ids if i in self._tasks])

    def _host_lost(self, link: HostLink, offers: list[Offer]) -> None:
        self._recovery.host_lost(link, offers)

    def _host_cut(self, link: HostLink, collector: str) -> None:
        self._recovery.cut(link, collector)

    async def drain(self) -> None:
        """Admit nothing more and wait until all is answered."""
        self._closed = True
        await self._empty.wait()

    async def close(self) -> None:
        """End all streams."""
        await self.fleet.close()
        await self.collectors.close()
        self._scheduler.close()
        self._deadlines.close()


def _timing(settings: RouterSettings, loop: asyncio.AbstractEventLoop) -> Timing:
    times = ResponseTimes(settings.response_time_window.total_seconds(), loop.time)
    at_least, at_most = settings.hedge_at_least, settings.hedge_at_most
    return Timing(times, Bounds(at_least.total_seconds(), at_most.total_seconds()))
