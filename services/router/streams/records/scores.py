"""The scores of one decision, as entries of the log.

Each says the same twice: serialized, for programs, and as fields that anybody can read with a Redis client.
What is the same for many records is serialized once: a message in pieces is the pieces joined.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from google.protobuf.duration_pb2 import Duration

from hedgerow.data.answers import Answers
from hedgerow.plans.rules.reasons import reason_of
from hedgerow.v1.records_pb2 import TraceContext
from hedgerow.v1.scoring_pb2 import Decision
from hedgerow.v1.streams_pb2 import Score
from services.common.clock import now_ns
from services.common.log.streams import Fate
from services.common.log.streams.packing import array, text
from services.router.streams.records.arrivals import Arrival

_ID, _VALUE, _CONFIDENCE, _KEY, _OVERDUE, _WAITED, _ELAPSED, _SCORE = (
    text(name)
    for name in (
        *("id", "value", "confidence", "key", "overdue", "waited_ms", "elapsed_ms", "score"),
    )
)
_YES = text("1")


class _Alike(NamedTuple):
    """What records have in common that were answered by the same, for the same reason."""

    score: bytes
    """As a part of the message."""
    fields: list[bytes]
    """Packed."""


class Scores:
    """Of all records of the decision."""

    def __init__(
        self, decision: Decision, max_age: timedelta | None, trace: TraceContext | None
    ) -> None:
        answers = Answers(decision)
        self._decision = decision
        self._values = answers.values
        self._confidences = answers.confidences
        self._now = now_ns()
        self._longest = float("inf") if max_age is None else max_age / timedelta(milliseconds=1)
        self._trace = trace
        self._alike: dict[tuple[int, int, int, int], _Alike] = {}

    def has_answer(self, row: int) -> bool:
        """Tell whether a record has an answer, a model's or the plan's default."""
        return self._values[row] is not None

    def fate(self, row: int, arrival: Arrival, place: int) -> Fate:
        """Return the score of the record at a row of the decision, which is at a place of its entry."""
        alike = self._of_all(row, arrival.tries)
        record_id, appended_ms = arrival.id(place), arrival.entry.appended_ms
        waited_ms = arrival.waited_ms
        elapsed_us = waited_ms * 1000 + (self._now - arrival.read_ns) // 1000
        value, confidence = self._values[row], self._confidences[row]
        score = Score(id=record_id, confidence=confidence)
        if isinstance(value, str):
            score.label = value
        else:
            score.number = value or 0.0
        score.appended_at.seconds, milliseconds = divmod(appended_ms, 1000)
        score.appended_at.nanos = milliseconds * 1_000_000
        _write(score.waited, waited_ms * 1000)
        _write(score.elapsed, elapsed_us)
        fields = [_ID, text(record_id), _VALUE, text(str(value)), *alike.fields]
        if confidence is not None:
            fields += (_CONFIDENCE, text(f"{confidence:.6g}"))
        if arrival.keys and (key := arrival.key(place)):
            score.key = key
            fields += (_KEY, text(key))
        if waited_ms > self._longest:
            score.overdue = True
            fields += (_OVERDUE, _YES)
        fields += (_WAITED, text(str(waited_ms)), _ELAPSED, text(f"{elapsed_us / 1000:.3f}"))
        fields += (_SCORE, text(alike.score + score.SerializeToString()))
        return Fate(array(len(fields)) + b"".join(fields), id=arrival.own_id(place))

    def _of_all(self, row: int, tries: int) -> _Alike:
        decision = self._decision
        key = decision.answered_by[row], decision.reasons[row], decision.agreed[row], tries
        found = self._alike.get(key)
        if found is None:
            found = self._alike[key] = self._common(*key)
        return found

    def _common(self, by: int, reason: int, agreed: int, tries: int) -> _Alike:
        decision = self._decision
        score = Score(
            agreed=[model.name for i, model in enumerate(decision.models) if agreed >> i & 1],
            plan_revision=decision.plan_revision,
            tries=tries,
            trace=self._trace,
        )
        score.reason = reason  # type: ignore[assignment]
        fields = ["reason", str(reason_of(reason))]
        if by >= 0:
            model = decision.models[by]
            score.model, score.version = model.name, model.version
            fields = ["model", model.name, "version", str(model.version), *fields]
        return _Alike(score.SerializeToString(), [text(field) for field in fields])


def _write(duration: Duration, microseconds: int) -> None:
    duration.seconds, rest = divmod(microseconds, 1_000_000)
    duration.nanos = rest * 1000
