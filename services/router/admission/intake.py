"""Makes tasks of requests: one of each, or several where the keys of its records say so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from hedgerow.data.names import check_names
from hedgerow.data.records import Batch
from hedgerow.errors import InvalidRecord, LimitExceeded
from hedgerow.v1 import records_pb2
from hedgerow.v1.records_pb2 import TraceContext
from hedgerow.v1.scoring_pb2 import ScoreRequest
from services.common.wire import LARGEST_PART
from services.router.admission.time_allowed import time_allowed
from services.router.frames import encode
from services.router.hosts.fleet import Fleet
from services.router.joins.joining import Piece
from services.router.joins.splitting import Part, part_of, split, within
from services.router.plans.prepared import Plan, PreparedPlans
from services.router.tasks import Task, TaskIds

_WHOLE = (Part(""),)


class Arrival(NamedTuple):
    """What is known of a call besides its request. Times are those of `now_ns`."""

    at: int
    time_left: float | None
    """Seconds of the call's own deadline that were left then; None: it has none."""
    margin: float
    """Seconds of that which are kept for the answer."""
    trace: TraceContext | None
    suspect: bool = False
    """Its records have failed before, and may kill a host."""


class _Origin(NamedTuple):
    """What all pieces of a request share."""

    plan: Plan
    admitted: int
    deadline: int
    explain: bool
    trace: TraceContext | None
    suspect: bool


class Intake:
    """Checks requests, and gives out the ids of tasks."""

    def __init__(self, most_rows: int, plans: PreparedPlans, fleet: Fleet) -> None:
        self._most_rows = most_rows
        self._plans = plans
        self._fleet = fleet
        self._ids = TaskIds()
        self._loop = asyncio.get_running_loop()

    def take(self, request: ScoreRequest, arrival: Arrival) -> list[Piece]:
        """Return a request as one piece, or as several.

        Raises InvalidRecord, InvalidPlan, NotFound and LimitExceeded.
        """
        message = request.batch
        self._check_size(message)
        plan = self._plans.plan_for(request)
        batch = Batch.from_proto(message)
        check_names(message)
        plan.check.check(batch)
        allowed = time_allowed(request, plan.deadline_ns, arrival.time_left, arrival.margin)
        parts = self._split(plan, message.keys) if plan.is_keyed else _WHOLE
        deadline = arrival.at + allowed
        origin = _Origin(
            plan, arrival.at, deadline, request.explain, arrival.trace, arrival.suspect
        )
        return [self._piece(origin, message, batch, part) for part in parts]

    def split_anew(self, request: ScoreRequest, piece: Piece) -> list[Piece]:
        """Split a piece of a request by where its keys belong now."""
        part, task = piece
        message = request.batch
        keys = message.keys
        own = keys if part.records is None else [keys[record] for record in part.records]
        batch = Batch.from_proto(message)
        origin = _Origin(
            task.plan, task.admitted, task.deadline, task.explain, task.trace, task.suspect
        )
        parts = within(part, self._split(task.plan, own))
        return [self._piece(origin, message, batch, one) for one in parts]

    def _check_size(self, batch: records_pb2.Batch) -> None:
        if batch.rows > self._most_rows:
            raise InvalidRecord(
                f"the batch has {batch.rows} records, over the limit of {self._most_rows}; send it in"
                " parts"
            )
        if (size := batch.ByteSize()) > LARGEST_PART:
            raise LimitExceeded(
                f"the batch has {size / 2**20:.0f} MiB, over the limit of"
                f" {LARGEST_PART / 2**20:.0f}; send it in parts"
            )

    def _split(self, plan: Plan, keys: Sequence[str]) -> list[Part]:
        hosts = (self._fleet.candidates(entry.model, entry.versions) for entry in plan.entries)
        return split(keys, hosts)

    def _piece(
        self, origin: _Origin, message: records_pb2.Batch, batch: Batch, part: Part
    ) -> Piece:
        plan, admitted, deadline, explain, trace, suspect = origin
        task_id, own = self._ids.take(), part_of(message, batch, part)
        task = Task(
            id=task_id,
            plan=plan,
            batch=own,
            rows=own.rows,
            admitted=admitted,
            deadline=deadline,
            explain=explain,
            trace=trace,
            encoded=encode(task_id, deadline, own, explain, trace, suspect=suspect),
            outcome=self._loop.create_future(),
            key=part.key,
            has_several_keys=part.has_several,
            suspect=suspect,
            split_at=self._fleet.epoch,
        )
        return Piece(part, task)
