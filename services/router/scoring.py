"""Scoring as the router sees it: admit a batch, start its models, wait for the decision."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hedgerow.data.records import Batch
from hedgerow.errors import InvalidRecord, LimitExceeded, NoAnswer, Unavailable
from hedgerow.v1.collection_pb2 import TaskDecision, TaskProgress
from hedgerow.v1.records_pb2 import TraceContext
from hedgerow.v1.scoring_pb2 import Decision, ScoreRequest
from services.common.clock import now_ns
from services.common.deadlines import Deadlines
from services.common.wire import LARGEST_PART
from services.router.admission.admission import Admission
from services.router.admission.head import Head
from services.router.admission.time_allowed import LARGEST_MARGIN, AnswerMargin, time_allowed
from services.router.collectors.link import CollectorListener
from services.router.collectors.pool import CollectorPool
from services.router.frames import encode
from services.router.gathering import Gatherer
from services.router.hedging.delays import Bounds
from services.router.hedging.response_times import ResponseTimes
from services.router.hosts.fleet import Fleet
from services.router.hosts.link import HostLink, Offer
from services.router.hosts.work_spared import WorkSpared
from services.router.outcomes import answer_of, has_answer
from services.router.plans.prepared import PreparedPlans
from services.router.recovery import Recovery
from services.router.scheduler import Scheduler
from services.router.settings import RouterSettings
from services.router.starter import Starter
from services.router.tasks import Task, TaskIds, refuse
from services.router.timing import Timing

_PATIENCE_NS = 250_000_000
"""How long after a task's deadline the collector's word is waited for."""


class Scoring:
    """All tasks of a router."""

    def __init__(self, settings: RouterSettings, plans: PreparedPlans) -> None:
        self._settings = settings
        self._plans = plans
        self._loop = asyncio.get_running_loop()
        self._ids = TaskIds()
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
        listener = CollectorListener(self._decided, self._progress, self._collector_lost)
        self.collectors = CollectorPool(listener, self.fleet.cuts, self.fleet.forget_collector)
        self._timing = _timing(settings, self._loop)
        self._scheduler = Scheduler(self.fleet, self.work, self._tasks.get)
        starter = Starter(self.fleet, self.collectors, self._timing, self._scheduler)
        self._recovery = Recovery(starter, self._scheduler, self.collectors, self.open_tasks)
        self._gatherer: Gatherer[Task] = Gatherer(
            settings.gather_target, settings.gather_at_most.total_seconds(), starter.start
        )
        self._empty = asyncio.Event()
        self._empty.set()
        self._closed = False

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
    ) -> Decision:
        """Score one batch.

        When it `arrived` (by `now_ns`; 0: now), `time_left` seconds of its call's own deadline were left.
        Raises what `ScoringService.Score` documents, as hedgerow.errors.
        """
        task = self._admit(request, time_left, trace, arrived or now_ns())
        self._tasks[task.id] = task
        self._empty.clear()
        self._gatherer.add(task)
        try:
            decided = await task.outcome
        finally:
            self._forget(task)
        return answer_of(decided)

    def _admit(
        self,
        request: ScoreRequest,
        time_left: float | None,
        trace: TraceContext | None,
        arrived: int,
    ) -> Task:
        """Make a task of a request, or say why not."""
        if self._closed:
            raise Unavailable("the router is stopping; try another one")
        message = request.batch
        if message.rows > self._settings.max_batch_rows:
            raise InvalidRecord(
                f"the batch has {message.rows} records, over the limit of"
                f" {self._settings.max_batch_rows}; send it in parts"
            )
        if (size := message.ByteSize()) > LARGEST_PART:
            raise LimitExceeded(
                f"the batch has {size / 2**20:.0f} MiB, over the limit of"
                f" {LARGEST_PART / 2**20:.0f}; send it in parts"
            )
        plan = self._plans.plan_for(request)
        plan.check.check(Batch.from_proto(message))
        task_id = self._ids.take()
        margin = self._margin.seconds(arrived / 1e9)
        deadline = arrived + time_allowed(request, plan.deadline_ns, time_left, margin)
        self.admission.began(message.data_type)
        self._deadlines.add(task_id, self._loop.time() + (deadline - now_ns() + _PATIENCE_NS) / 1e9)
        return Task(
            id=task_id,
            plan=plan,
            batch=message,
            rows=message.rows,
            admitted=arrived,
            deadline=deadline,
            explain=request.explain,
            trace=trace,
            encoded=encode(task_id, deadline, message, request.explain, trace),
            outcome=self._loop.create_future(),
        )

    def _forget(self, task: Task) -> None:
        self._tasks.pop(task.id, None)
        self.admission.ended(task.batch.data_type)
        self._deadlines.remove(task.id)
        self._gatherer.ended()
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
