"""Joins the decisions of a batch's parts into that of the batch."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from hedgerow.v1.collection_pb2 import TaskDecision
from services.common.wire import LARGEST_PART
from services.router.joins.columns import Order
from services.router.joins.reports import joined_report, longest
from services.router.joins.splitting import Part
from services.router.tasks import Scattered, Task

_TOO_LARGE = "what it said is left out, for all together is too large; explain smaller batches"


class Piece(NamedTuple):
    """A part of a batch on its way."""

    part: Part
    task: Task


async def settled(pieces: Sequence[Piece]) -> Piece | None:
    """Wait until all pieces of a batch are decided, or one is to be split anew; return that one.

    Raises what one of them ends with, as soon as it does.
    """
    try:
        if len(pieces) == 1:
            await pieces[0].task.outcome
        else:
            await asyncio.gather(*[piece.task.outcome for piece in pieces])
    except Scattered as scattered:
        return next(piece for piece in pieces if piece.task is scattered.task)
    return None


def decision_of(pieces: Sequence[Piece]) -> TaskDecision:
    """Return the decision of a batch of which all pieces are decided."""
    decisions = [piece.task.outcome.result() for piece in pieces]
    if len(pieces) == 1:
        return decisions[0]
    return joined(decisions, [piece.part for piece in pieces])


def joined(decisions: Sequence[TaskDecision], parts: Sequence[Part]) -> TaskDecision:
    """Join decisions of one plan; `parts` says which records each is about.

    It is that of one task, in the order of the records: which of the models answered and agreed are places
    in the same list, which tells of each what became of it in all parts.
    """
    order = Order(parts)
    whole = TaskDecision(deadline_reached=any(one.deadline_reached for one in decisions))
    target, found = whole.decision, [one.decision for one in decisions]
    order.join_values(target, found)
    target.confidences = order.join_doubles([one.confidences for one in found])
    target.answered_by.extend(order.join(one.answered_by for one in found))
    target.reasons.extend(order.join(one.reasons for one in found))
    target.agreed.extend(order.join(one.agreed for one in found))
    target.plan_revision = found[0].plan_revision
    longest(target.elapsed, [one.elapsed for one in found])
    for reports in zip(*[one.models for one in found], strict=True):
        joined_report(target.models.add(), reports, order)
    if whole.ByteSize() > LARGEST_PART:
        _leave_out_outputs(whole)
    return whole


def _leave_out_outputs(whole: TaskDecision) -> None:
    """Leave out what each model said, as the collector does of a task that is too large."""
    for report in whole.decision.models:
        if report.HasField("predictions"):
            report.ClearField("predictions")
            report.failure = _TOO_LARGE
