"""Scores records that have arrived, and gives each its fate, or leaves it to be tried again.

What is wrong with a batch may be one record of it. One that the models refuse is found at once, by halving
the batch. One that a model dies of cannot be told from those beside it; so batches get smaller from try to
try, and in the last one each record is alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import structlog

from hedgerow.errors import (
    HedgerowError,
    InvalidInput,
    LimitExceeded,
    NoAnswer,
    NotFound,
    Overloaded,
    Unavailable,
)
from hedgerow.plans.streams import StreamSettings
from hedgerow.v1.records_pb2 import TraceContext
from hedgerow.v1.scoring_pb2 import Decision, ModelState, ScoreRequest
from hedgerow.v1.streams_pb2 import DeathCause
from services.router.plans.prepared import Plan
from services.router.scoring import Scoring
from services.router.streams.records.arrivals import Arrival
from services.router.streams.records.batches import RecordBatch, gathered
from services.router.streams.records.dead_letters import dead
from services.router.streams.records.field_types import FieldTypes
from services.router.streams.records.scores import Scores
from services.router.streams.scoring.pace import Pace
from services.router.streams.scoring.span import StreamSpans
from services.router.streams.scoring.suspects import Suspects
from services.router.streams.stopping import Stopping

_log = structlog.get_logger()


class Given(NamedTuple):
    """What holds for the records of a try."""

    plan: Plan
    types: FieldTypes
    settings: StreamSettings
    suspects: Suspects


class Scorer:
    """Scores the records of one data type."""

    def __init__(self, scoring: Scoring, spans: StreamSpans, pace: Pace) -> None:
        self._scoring = scoring
        self._spans = spans
        self._pace = pace

    async def score(
        self,
        arrivals: Iterable[Arrival],
        given: Given,
        stopping: Stopping,
        sent: Callable[[], None],
    ) -> str:
        """Try to give each record that is open a fate; it is told when the last of them is on its way.

        One that fails has that among its arrival's failures. Others may still be open, and then they were
        not tried for want of a part of the mesh, which is returned. Raises Stopped if it is told so while
        records that failed before wait for their turn.
        """
        batches = self._batches(arrivals, given)
        for left, (are_suspects, batch) in zip(reversed(range(len(batches))), batches, strict=True):
            if not left:
                sent()
            if are_suspects:
                excuse = await self._score_apart(batch, given, stopping)
            else:
                excuse = await self._score(batch, given)
            if excuse:
                return excuse
        return ""

    def _batches(self, arrivals: Iterable[Arrival], given: Given) -> list[tuple[bool, RecordBatch]]:
        """Return what is scored together, and whether it has failed before."""
        by_kind: dict[tuple[bool, int], list[Arrival]] = {}
        for arrival in arrivals:
            kind = arrival.tries > 1, self._size(arrival, given)
            by_kind.setdefault(kind, []).append(arrival)
        return [
            (are_suspects, batch)
            for (are_suspects, size), group in by_kind.items()
            for batch in self._gathered(group, given, size)
        ]

    def _gathered(self, arrivals: list[Arrival], given: Given, size: int) -> list[RecordBatch]:
        """Return what can be made features of in batches; the rest has its fate, or has failed."""
        try:
            return gathered(arrivals, given.types, size)
        except Exception as error:
            if len(arrivals) > 1:  # which of them is it?
                return [batch for one in arrivals for batch in self._gathered([one], given, size)]
            (arrival,) = arrivals
            reason = _defect(error, arrival.entry.id)
            arrival.failures.update(dict.fromkeys(arrival.open_rows, reason))
            return []

    async def _score_apart(self, batch: RecordBatch, given: Given, stopping: Stopping) -> str:
        try:
            async with given.suspects.turn(given.plan.deadline_ns / 1e9, stopping):
                return await self._score(batch, given, suspect=True)
        except Unavailable as error:  # the log
            return str(error)

    def _size(self, arrival: Arrival, given: Given) -> int:
        """Return how many rows its batch may have; as many times fewer in each try, 1 in the last."""
        rows, tries = self._pace.rows(given.plan.deadline_ns / 1e9), given.settings.tries
        if tries == 1:
            return rows
        return max(int(rows ** ((tries - arrival.tries) / (tries - 1))), 1)

    async def _score(self, batch: RecordBatch, given: Given, *, suspect: bool = False) -> str:
        losses = self._scoring.fleet.losses
        try:
            request = ScoreRequest(batch=batch.to_proto())
            async with self._pace.turn(len(batch.places)):
                with self._spans.of(batch) as trace:
                    decision = await self._scoring.score(request, None, trace, suspect=suspect)
                self._settle(batch, decision, given, trace)
        except (Overloaded, Unavailable) as error:
            return str(error)
        except (InvalidInput, LimitExceeded) as error:
            return await self._refused(batch, given, error, suspect=suspect)
        except NotFound as error:
            _bury(batch, DeathCause.DEATH_CAUSE_NO_MODEL, str(error))
        except NoAnswer as error:
            if error.deadline_reached or self._scoring.fleet.losses != losses:
                late = error.deadline_reached * given.plan.deadline_ns / 1e9
                given.suspects.harmed(late)
            return self._unanswered(batch, given, error)
        except Exception as error:
            _failed(batch, _defect(error, batch.arrivals[0].entry.id))
        return ""

    async def _refused(
        self, batch: RecordBatch, given: Given, error: HedgerowError, *, suspect: bool
    ) -> str:
        """Find the records that the models refuse."""
        if len(batch.places) == 1:
            _bury(batch, DeathCause.DEATH_CAUSE_INVALID, str(error))
            return ""
        excuse = ""
        for half in batch.halves():
            excuse = await self._score(half, given, suspect=suspect) or excuse
        return excuse

    @staticmethod
    def _unanswered(batch: RecordBatch, given: Given, error: NoAnswer) -> str:
        """See whether it is for want of a model that no record has an answer."""
        if not any(entry.versions for entry in given.plan.voters):
            _bury(batch, DeathCause.DEATH_CAUSE_NO_MODEL, f"no model can answer: {error}")
            return ""
        if error.decision is not None and _nobody_serves(error.decision):
            return str(error)
        _failed(batch, str(error))
        return ""

    @staticmethod
    def _settle(
        batch: RecordBatch, decision: Decision, given: Given, trace: TraceContext | None
    ) -> None:
        scores = Scores(decision, given.settings.max_age, trace)
        for row, (arrival, place) in enumerate(batch.places):
            if scores.has_answer(row):
                arrival.fates[place] = scores.fate(row, arrival, place)
            else:
                arrival.failures[place] = "no model answered it, others of its batch were answered"


def give_up(arrival: Arrival, most: int) -> None:
    """Bury what is left of an entry that was tried often enough."""
    arrival.tries = min(arrival.tries, most)
    for row, fate in enumerate(arrival.fates):
        if fate is None:
            failure = arrival.failures.get(row, "each time the router that had it was lost")
            message = f"it was tried {arrival.tries} times; {failure}"
            arrival.fates[row] = dead(arrival, row, DeathCause.DEATH_CAUSE_TRIES, message)


def _defect(error: Exception, first: str) -> str:
    """Tell of a defect, here or in what we use: those that are scored meanwhile must not pay for it."""
    _log.exception("records could not be scored", first_entry=first)
    return f"hedgerow failed, which its router's log shows: {error!r}"


def _failed(batch: RecordBatch, reason: str) -> None:
    for arrival, row in batch.places:
        arrival.failures[row] = reason


def _bury(batch: RecordBatch, cause: DeathCause, message: str) -> None:
    for arrival, row in batch.places:
        arrival.fates[row] = dead(arrival, row, cause, message)


def _nobody_serves(decision: Decision) -> bool:
    """Tell whether no voting model had a host, so that the record was not even tried."""
    voters = [model for model in decision.models if not model.shadow]
    return all(model.state == ModelState.MODEL_STATE_NO_HOST for model in voters)
