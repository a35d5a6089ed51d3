"""A router's stream: the plans it has defined, and the tasks it opens."""

from __future__ import annotations

import time
from collections.abc import Callable

from hedgerow.errors import InvalidInput
from hedgerow.v1 import collection_pb2 as pb
from hedgerow.v1.plans_pb2 import Plan
from services.collector.decide_span import record
from services.collector.decisions import Progress
from services.collector.rules.policy import Policy, compile_policy
from services.collector.tasks.lineup import Lineup
from services.collector.tasks.many_records import ManyRecords
from services.collector.tasks.one_record import OneRecord
from services.collector.tasks.open_tasks import OpenTasks
from services.collector.tasks.statistics import Statistics
from services.collector.tasks.task import Task
from services.common.clock import Arrival, PeerClock
from services.common.telemetry import Tracing

_MOST_LINEUPS = 1024
"""Kept for their plans' tasks to come. A router has a few for each plan: one for each set of versions, and
of models that it holds back; and it knows some hundred plans where requests override them."""


class Session:
    """Takes one router's frames.

    `send` is called with each of its tasks when it has ended, and with the progress of those that ask.

    The router tells times by its own clock, and with each frame when it was sent. What counts here is the
    time left: from the arrival of the frame on this process's monotonic clock runs. How long the frame was
    on its way is not known, and makes deadlines that much later and tasks that much younger.
    """

    def __init__(
        self,
        open_tasks: OpenTasks,
        statistics: Statistics,
        tracing: Tracing,
        send: Callable[[Task | Progress], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_tasks = open_tasks
        self._statistics = statistics
        self._tracing = tracing
        self._send = send
        self._clock = clock
        self._plans: dict[int, tuple[Plan, Policy, list[int]]] = {}
        self._lineups: dict[tuple[int, ...], Lineup] = {}
        self._router_clock = PeerClock()
        self.open = 0
        """Tasks the router waits for."""

    def take(self, request: pb.CollectRequest) -> None:
        """Take a frame. Raises InvalidInput, which ends the stream, if it makes no sense."""
        for definition in request.plans:
            self._define(definition)
        if request.openings:
            if not request.sent_ns:
                raise InvalidInput("a frame with openings does not say when it was sent")
            arrival = self._router_clock.arrival(request.sent_ns, self._clock())
            for opening in request.openings:
                self._open(opening, arrival)
        for started in request.started:
            self._open_tasks.start_model(started.task_ids, started.model)
        for lost in request.lost:
            self._open_tasks.lose(lost.task_ids, lost.model, lost.reason, lost.not_started)
        if request.cancelled:
            self.open -= self._open_tasks.cancel(request.cancelled, self._decided)

    def end(self) -> None:
        """The stream has ended: forget its tasks."""
        self._open_tasks.forget(self._decided)
        self.open = 0

    def _define(self, definition: pb.PlanDefinition) -> None:
        policy = compile_policy(definition.plan, definition.qualities)
        self._plans[definition.key] = definition.plan, policy, list(definition.wanted)
        stale = [key for key in self._lineups if key[0] == definition.key]
        for key in stale:
            del self._lineups[key]

    def _open(self, opening: pb.Opening, arrival: Arrival) -> None:
        lineup = self._lineup(opening)
        traced = self._tracing.enabled
        decided, progressed = self._decided, self._progressed if opening.progress else None
        for message in opening.tasks:
            rows = message.rows
            if not rows:
                raise InvalidInput("a task without records was opened")
            kind = OneRecord if rows == 1 else ManyRecords
            task = kind(
                message.id,
                lineup,
                rows,
                arrival.moment(message.admitted_ns),
                arrival.at,
                message.explain,
                message.trace if traced and message.HasField("trace") else None,
                decided,
                progressed,
            )
            self.open += 1
            self._open_tasks.open(task, arrival.deadline(message.deadline_ns))

    def _lineup(self, opening: pb.Opening) -> Lineup:
        plan_key, versions = opening.plan_key, opening.versions
        held, no_time = opening.held, opening.no_time
        key = (plan_key, held, no_time, *versions)
        lineup = self._lineups.get(key)
        if lineup is None:
            if plan_key not in self._plans:
                raise InvalidInput(f"plan {plan_key} was not defined on this stream")
            if len(self._lineups) >= _MOST_LINEUPS:
                del self._lineups[next(iter(self._lineups))]
            plan, policy, wanted = self._plans[plan_key]
            lineup = Lineup(plan, policy, versions, self._statistics, held, no_time, wanted)
            self._lineups[key] = lineup
        lineup.mark()
        return lineup

    def _progressed(self, task: Task) -> None:
        self._send(Progress(task))

    def _decided(self, task: Task) -> None:
        self.open -= 1
        if self._tracing.enabled:
            record(self._tracing, task)
        self._send(task)
