"""Scores of a stream: what was answered for a record that was in the log, by whom, why and when."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hedgerow.data.answers import Value
from hedgerow.plans.rules.reasons import Reason, reason_of
from hedgerow.v1 import streams_pb2 as pb


@dataclass(frozen=True, slots=True)
class StreamScore:
    """The score of one record.

    `id` and `key` are the record's; key "" is none. `value` is a label (str) or a number (float), None
    where the policy's default is none; `confidence` is the probability of a label, None where there is
    none. `model` and `version` name the model that gave the answer, None if none did (the plan's default),
    `agreed` all that gave it, `reason` why it was this one. `plan_revision` 0 is the default plan.

    `appended_at` is UTC, by the log's clock; from then it `waited` until it was read, and `elapsed` is
    until it was decided. `overdue`: it waited longer than the plan's `max_age`. `tries` is 1 unless
    something broke. `position` is that of the score in its `partition`, "" for the stream without a number.
    """

    id: str
    key: str
    value: Value
    confidence: float | None
    model: str | None
    version: int | None
    reason: Reason
    agreed: tuple[str, ...]
    plan_revision: int
    appended_at: datetime
    waited: timedelta
    elapsed: timedelta
    overdue: bool
    tries: int
    partition: str
    position: str

    @property
    def answered_by(self) -> str:
        """`wine-tree@2`, or "" if no model answered."""
        return f"{self.model}@{self.version}" if self.model else ""

    def __str__(self) -> str:
        by = f" by {self.answered_by}" if self.model else ""
        return f"{self.id}: {self.value}{by} ({self.reason})"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON has them: durations in milliseconds, the moment as ISO 8601 text."""
        fields = asdict(self)
        waited, elapsed = fields.pop("waited"), fields.pop("elapsed")
        return {
            **fields,
            "reason": str(self.reason),
            "agreed": list(self.agreed),
            "appended_at": self.appended_at.isoformat(timespec="milliseconds"),
            "waited_ms": waited / timedelta(milliseconds=1),
            "elapsed_ms": elapsed / timedelta(milliseconds=1),
        }

    @classmethod
    def from_proto(cls, message: pb.Score) -> StreamScore:
        """Read a score off the wire."""
        kind = message.WhichOneof("value")
        return cls(
            id=message.id,
            key=message.key,
            value=getattr(message, kind) if kind else None,
            confidence=message.confidence if message.HasField("confidence") else None,
            model=message.model or None,
            version=message.version if message.model else None,
            reason=reason_of(message.reason),
            agreed=tuple(message.agreed),
            plan_revision=message.plan_revision,
            appended_at=message.appended_at.ToDatetime(tzinfo=UTC),
            waited=message.waited.ToTimedelta(),
            elapsed=message.elapsed.ToTimedelta(),
            overdue=message.overdue,
            tries=message.tries,
            partition=message.partition,
            position=message.position,
        )
