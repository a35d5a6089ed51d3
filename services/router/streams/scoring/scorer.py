"""Scores records that have arrived, and gives each its fate, or leaves it to be tried again.

What is wrong with a batch may be one record of it. One that the models refuse is found at once, by halving
the batch. One that a model dies of cannot be told from those beside it; so batches get smaller from try to
try, and in the third each record is alone.
"""

from __future__ import annotations

from collections.abc import Iterable
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
from services.router.streams.scoring.trouble import Trouble

_log = structlog.get_logger()

_SMALLER = 16
"""By how much batches are smaller in the next try."""


class Given(NamedTuple):
    """What holds for the records of a try."""

    plan: Plan
    types: FieldTypes
    settings: StreamSettings
    trouble: Trouble


class Scorer:
    """Scores the records of one data type."""

    def __init__(self, scoring: Scoring, spans: StreamSpans, pace: Pace) -> None:
        self._scoring = scoring
        self._spans = spans
        self._pace = pace

    async def score(self, arrivals: Iterable[Arrival], given: Given) -> str:
        """Try to give each record that is open a fate.

        One that fails has that among its arrival's failures. Others may still be open, and then they were
        not tried: a part of the mesh was not there, which is returned, or one that had failed before came
        first, and what it did to a host has to pass. Until then it is no fault of others if they are late.
        """
        by_size: dict[int, list[Arrival]] = {}
        for arrival in arrivals:
            by_size.setdefault(self._size(arrival, given), []).append(arrival)
        excuse = ""
        for size, group in by_size.items():
            is_apart = all(arrival.tries > 1 for arrival in group)
            for batch in gathered(group, given.types, size):
                excuse = await self._score(batch, given) or excuse
                if is_apart and _has_failed(batch):
                    given.trouble.begins()
                    return excuse
        return excuse

    def _size(self, arrival: Arrival, given: Given) -> int:
        size = self._pace.rows(given.plan.deadline_ns / 1e9)
        for _ in range(arrival.tries - 1):
            size //= _SMALLER
        return max(size, 1)

    async def _score(self, batch: RecordBatch, given: Given) -> str:
        request = ScoreRequest(batch=batch.to_proto())
        try:
            async with self._pace.turn(len(batch.places)):
                with self._spans.of(batch) as trace:
                    decision = await self._scoring.score(request, None, trace)
                self._settle(batch, decision, given, trace)
        except (Overloaded, Unavailable) as error:
            return str(error)
        except (InvalidInput, LimitExceeded) as error:
            return await self._refused(batch, given, error)
        except NotFound as error:
            _bury(batch, DeathCause.DEATH_CAUSE_NO_MODEL, str(error))
        except NoAnswer as error:
            return self._unanswered(batch, given, error)
        except Exception as error:
            # A defect, here or in what we use: those that are scored meanwhile must not pay for it.
            _log.exception("records could not be scored", data_type=request.batch.data_type)
            _failed(batch, f"hedgerow failed, which its router's log shows: {error!r}")
        return ""

    async def _refused(self, batch: RecordBatch, given: Given, error: HedgerowError) -> str:
        """Find the records that the models refuse."""
        if len(batch.places) == 1:
            _bury(batch, DeathCause.DEATH_CAUSE_INVALID, str(error))
            return ""
        excuse = ""
        for half in batch.halves():
            excuse = await self._score(half, given) or excuse
        return excuse

    @staticmethod
    def _unanswered(batch: RecordBatch, given: Given, error: NoAnswer) -> str:
        """See whether it is for want of a model that no record has an answer."""
        if not any(entry.versions for entry in given.plan.voters):
            _bury(batch, DeathCause.DEATH_CAUSE_NO_MODEL, f"no model can answer: {error}")
            return ""
        if error.decision is not None and _nobody_serves(error.decision):
            return str(error)
        if given.trouble.lasts and error.deadline_reached:
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


def _failed(batch: RecordBatch, reason: str) -> None:
    for arrival, row in batch.places:
        arrival.failures[row] = reason


def _has_failed(batch: RecordBatch) -> bool:
    return any(row in arrival.failures for arrival, row in batch.places)


def _bury(batch: RecordBatch, cause: DeathCause, message: str) -> None:
    for arrival, row in batch.places:
        arrival.fates[row] = dead(arrival, row, cause, message)


def _nobody_serves(decision: Decision) -> bool:
    """Tell whether no voting model had a host, so that the record was not even tried."""
    voters = [model for model in decision.models if not model.shadow]
    return all(model.state == ModelState.MODEL_STATE_NO_HOST for model in voters)
