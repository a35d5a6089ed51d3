"""Scoring as the router sees it: admit a batch, start its models, wait for the decision."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from hedgerow.errors import InvalidRecord, NoAnswer, Overloaded, Unavailable
from hedgerow.records import Batch
from hedgerow.v1.collection_pb2 import TaskDecision
from hedgerow.v1.records_pb2 import TraceContext
from hedgerow.v1.scoring_pb2 import Decision, ModelState, Reason, ScoreRequest
from services.common.deadlines import Deadlines
from services.router.book import PlanBook
from services.router.collectors import Collectors
from services.router.dispatch import Dispatcher, refuse
from services.router.fleet import Fleet
from services.router.gathering import Gatherer
from services.router.host_link import HostLink, Offer
from services.router.settings import RouterSettings
from services.router.tasks import Task, TaskIds, encode, now_ns

_RETRY_AFTER = timedelta(milliseconds=100)
_NO_ANSWER = Reason.REASON_NO_ANSWER
_PATIENCE_NS = 250_000_000
"""How long after a task's deadline the collector's word is waited for."""


class Scoring:
    """All tasks of a router."""

    def __init__(self, settings: RouterSettings, book: PlanBook) -> None:
        self._settings = settings
        self._book = book
        self._loop = asyncio.get_running_loop()
        self._ids = TaskIds()
        self._tasks: dict[int, Task] = {}
        self._deadlines: Deadlines[int] = Deadlines(self._expired)
        self.collectors = Collectors(self._decided, self._lost_collector)
        self.fleet = Fleet(settings.frame_tasks, book.changed, self._lost_host)
        self._dispatcher = Dispatcher(self.fleet, self.collectors)
        self._gatherer: Gatherer[Task] = Gatherer(
            settings.gather_target, settings.gather_at_most.total_seconds(), self._dispatcher.start
        )
        self._empty = asyncio.Event()
        self._empty.set()
        self._closed = False

    @property
    def in_flight(self) -> int:
        """Tasks admitted and not yet answered."""
        return len(self._tasks)

    async def score(
        self, request: ScoreRequest, time_left: float | None, trace: TraceContext | None
    ) -> Decision:
        """Score one batch; `time_left` is the call's own deadline in seconds.

        Raises what `ScoringService.Score` documents, as hedgerow.errors.
        """
        task = self._admit(request, time_left, trace)
        self._tasks[task.id] = task
        self._empty.clear()
        self._gatherer.add(task)
        try:
            decided = await task.outcome
        finally:
            self._forget(task)
        return _answered(task, decided)

    def _admit(
        self, request: ScoreRequest, time_left: float | None, trace: TraceContext | None
    ) -> Task:
        """Make a task of a request, or say why not."""
        if self._closed:
            raise Unavailable("the router is stopping; try another one")
        if len(self._tasks) >= self._settings.max_in_flight:
            raise Overloaded(
                f"{len(self._tasks)} batches are in flight; send fewer at once or try again later",
                _RETRY_AFTER,
            )
        message = request.batch
        if message.rows > self._settings.row_limit:
            raise InvalidRecord(
                f"the batch has {message.rows} records, over the limit of"
                f" {self._settings.row_limit}; send it in parts"
            )
        plan = self._book.plan(message.data_type)
        plan.check.check(Batch.from_proto(message))
        admitted = now_ns()
        task_id = self._ids.take()
        deadline = admitted + time_allowed(request, plan.deadline_ns, time_left)
        self._deadlines.add(task_id, self._loop.time() + (deadline - admitted + _PATIENCE_NS) / 1e9)
        return Task(
            id=task_id,
            plan=plan,
            rows=message.rows,
            admitted=admitted,
            deadline=deadline,
            explain=request.explain,
            trace=trace,
            encoded=encode(task_id, deadline, message, request.explain, trace),
            outcome=self._loop.create_future(),
        )

    def _forget(self, task: Task) -> None:
        self._tasks.pop(task.id, None)
        self._deadlines.remove(task.id)
        self._gatherer.ended()
        if task.collector is not None:
            task.collector.forget(task)
        if not self._tasks:
            self._empty.set()

    def _decided(self, decision: TaskDecision) -> None:
        task = self._tasks.get(decision.task_id)
        if task is not None and not task.done:
            task.outcome.set_result(decision)

    def _expired(self, ids: list[int]) -> None:
        """The collector did not keep the deadline; the caller is told all the same."""
        error = NoAnswer("the collector did not answer in time", deadline_reached=True)
        refuse([self._tasks[i] for i in ids if i in self._tasks], error)

    def _lost_collector(self, ids: list[int]) -> None:
        error = Unavailable("the collector of this task died; try again")
        refuse([self._tasks[i] for i in ids if i in self._tasks], error)

    def _lost_host(self, link: HostLink, offers: list[Offer]) -> None:
        self._dispatcher.lost(link, offers)

    async def drain(self) -> None:
        """Admit nothing more and wait until all is answered."""
        self._closed = True
        await self._empty.wait()

    async def close(self) -> None:
        """End all streams."""
        await self.fleet.close()
        await self.collectors.close()
        self._deadlines.close()


def time_allowed(request: ScoreRequest, plan_ns: int, time_left: float | None) -> int:
    """Return the smallest of the plan's, the request's and the call's deadline, in nanoseconds."""
    allowed = plan_ns
    if request.HasField("deadline"):
        wanted = request.deadline.ToNanoseconds()
        if wanted <= 0:
            raise InvalidRecord("the deadline of the request must be more than 0")
        allowed = min(allowed, wanted)
    if time_left is not None:
        allowed = min(allowed, int(time_left * 1e9))
    return allowed


def _answered(task: Task, decided: TaskDecision) -> Decision:
    """Return the decision, or raise NoAnswer if no record has an answer."""
    decision = decided.decision
    if any(reason != _NO_ANSWER for reason in decision.reasons):
        return decision
    states = "; ".join(
        f"{model.name}{f'@{model.version}' if model.version else ''}"
        f" {ModelState.Name(model.state).removeprefix('MODEL_STATE_')}"
        + (f" ({model.failure})" if model.failure else "")
        for model in decision.models
    )
    why = "in time" if decided.deadline_reached else "at all"
    raise NoAnswer(
        f"no model answered {why}: {states}",
        deadline_reached=decided.deadline_reached,
        decision=decision,
    )
