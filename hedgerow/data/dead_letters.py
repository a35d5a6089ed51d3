"""Dead letters: records of a stream that could not be scored, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from hedgerow.data.records import Batch, Value
from hedgerow.errors import InvalidRecord
from hedgerow.v1 import streams_pb2 as pb


class DeathCause(StrEnum):
    """Why a record could not be scored."""

    INVALID = "invalid"
    """It does not fit the models' signatures, or makes no sense."""
    NO_MODEL = "no_model"
    """The plan has no model that can answer."""
    TRIES = "tries"
    """It was tried as often as the plan says, and nothing came of it."""
    UNKNOWN = "unknown"
    """A cause that a newer mesh has and this client does not know."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that could not be scored.

    `id` is what its score would have had, and `key` "" is none. `message` says why, for people. It was
    put here `at`, and the record was `appended_at`, both UTC; None where that is not known. `tries` is
    how often it was tried. `fields` is the record: feature and value, texts where it came as text. An
    entry that could not be read as a record at all has none; `entry` has its names and values as they
    came, else nothing.
    """

    id: str
    key: str
    cause: DeathCause
    message: str
    at: datetime | None
    appended_at: datetime | None
    tries: int
    fields: Mapping[str, Value] | None
    entry: tuple[tuple[bytes, bytes], ...]
    traceparent: str
    partition: str
    position: str

    def __str__(self) -> str:
        return f"{self.id}: {self.cause}: {self.message}"

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON has them; bytes that are not UTF-8 are written out."""
        return {
            "id": self.id,
            "key": self.key,
            "cause": str(self.cause),
            "message": self.message,
            "at": _text(self.at),
            "appended_at": _text(self.appended_at),
            "tries": self.tries,
            "fields": None if self.fields is None else dict(self.fields),
            "entry": [[_readable(name), _readable(value)] for name, value in self.entry],
            "traceparent": self.traceparent,
            "partition": self.partition,
            "position": self.position,
        }

    @classmethod
    def from_proto(cls, message: pb.DeadLetter) -> DeadLetter:
        """Read a dead letter off the wire."""
        entry = list(message.entry.fields)
        return cls(
            id=message.id,
            key=message.key,
            cause=_CAUSES.get(message.cause, DeathCause.UNKNOWN),
            message=message.message,
            at=message.at.ToDatetime(tzinfo=UTC) if message.HasField("at") else None,
            appended_at=(
                message.appended_at.ToDatetime(tzinfo=UTC)
                if message.HasField("appended_at")
                else None
            ),
            tries=message.tries,
            fields=_fields(message),
            entry=tuple(zip(entry[::2], entry[1::2], strict=False)),
            traceparent=message.traceparent,
            partition=message.partition,
            position=message.position,
        )


def _fields(message: pb.DeadLetter) -> dict[str, Value] | None:
    match message.WhichOneof("record"):
        case "plain":
            return dict(message.plain.fields)
        case "batch":
            try:
                return Batch.from_proto(message.batch).to_records()[0]
            except InvalidRecord:  # that may be why it is here
                return None
        case _:
            return None


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment else None


def _readable(value: bytes) -> str:
    return value.decode("utf-8", "backslashreplace")


_CAUSES: dict[int, DeathCause] = {
    number: DeathCause(name.removeprefix("DEATH_CAUSE_").lower())
    for name, number in pb.DeathCause.items()
    if number
}
