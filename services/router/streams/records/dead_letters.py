"""Dead letters: records that could not be scored, as entries of the log.

Each says the same twice: serialized, for programs, and as fields that anybody can read with a Redis client.
"""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from hedgerow.data.records import Batch
from hedgerow.v1.streams_pb2 import DeadLetter, DeathCause, PlainEntry, PlainRecord
from services.common.log.streams import Fate, RecordEntry
from services.common.log.streams.packing import texts
from services.router.streams.records.arrivals import Arrival, Plain

_MS = 1_000_000


def dead(arrival: Arrival, row: int, cause: DeathCause, message: str) -> Fate:
    """Return the dead letter of a record; `message` says why, in one line."""
    letter = DeadLetter(
        id=arrival.id(row),
        key=arrival.key(row),
        cause=cause,
        message=message,
        tries=arrival.tries,
        traceparent=arrival.traceparent,
    )
    content = arrival.content
    if isinstance(content, Batch):
        letter.batch.CopyFrom(content.rows_of(row, row + 1).to_proto())
    else:
        _write_plain(letter, content)
    return _letter(letter, arrival.entry, arrival.elapsed_ms(), arrival.own_id(row))


def invalid(arrival: Arrival, row: int, message: str) -> Fate:
    """Return the dead letter of a record that does not fit."""
    return dead(arrival, row, DeathCause.DEATH_CAUSE_INVALID, message)


def unreadable(entry: RecordEntry, read_ms: int, message: str) -> Fate:
    """Return the dead letter of an entry that makes no sense, with all that it has."""
    letter = DeadLetter(
        id=entry.id,
        cause=DeathCause.DEATH_CAUSE_INVALID,
        message=message,
        tries=entry.deliveries,
        entry=PlainEntry(fields=entry.fields),
    )
    return _letter(letter, entry, max(read_ms - entry.appended_ms, 0), "")


def _letter(letter: DeadLetter, entry: RecordEntry, elapsed_ms: float, own_id: str) -> Fate:
    letter.appended_at.CopyFrom(_timestamp(entry.appended_ms))
    letter.at.CopyFrom(_timestamp(entry.appended_ms + elapsed_ms))
    cause = DeathCause.Name(letter.cause).removeprefix("DEATH_CAUSE_").lower()
    fields = ("id", letter.id, "cause", cause, "message", letter.message)
    tried = ("tries", str(letter.tries), "letter", letter.SerializeToString())
    return Fate(texts((*fields, *tried)), is_dead=True, id=own_id)


def _write_plain(letter: DeadLetter, content: Plain) -> None:
    """Write the fields as text, or as bytes where they are none."""
    try:
        fields = {
            name.decode(): value.decode()
            for name, value in zip(content.names, content.values, strict=True)
        }
    except UnicodeDecodeError:
        pairs = zip(content.names, content.values, strict=True)
        letter.entry.CopyFrom(PlainEntry(fields=[part for pair in pairs for part in pair]))
    else:
        letter.plain.CopyFrom(PlainRecord(fields=fields))


def _timestamp(ms: float) -> Timestamp:
    return Timestamp(seconds=int(ms // 1000), nanos=int(ms % 1000 * _MS))
