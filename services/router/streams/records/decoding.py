"""What an entry of a stream of records says.

    XADD hedgerow:{wine}:records * alcohol 13.2 malic_acid 1.78 id 17 key c-4

Five names are not features: `id` and `key` of the record, its trace context (`traceparent` and
`tracestate`, as in HTTP), and `batch`, a serialized hedgerow.v1.Batch in place of features. A feature
of such a name is written with `feature:` before it, which is always taken off.
"""

from __future__ import annotations

import structlog
from google.protobuf.message import DecodeError

from hedgerow.data.names import MAX_ID_BYTES, MAX_KEY_BYTES, check_names
from hedgerow.data.records import Batch
from hedgerow.errors import InvalidRecord
from hedgerow.v1 import records_pb2 as pb
from services.common.clock import now_ns
from services.common.log.streams import MOST_ROWS, RecordEntry
from services.common.telemetry import parse_traceparent
from services.router.streams.records.arrivals import Arrival, Plain
from services.router.streams.records.dead_letters import unreadable

_log = structlog.get_logger()

RESERVED = frozenset((b"id", b"key", b"traceparent", b"tracestate", b"batch"))

_LONGEST = {b"id": MAX_ID_BYTES, b"key": MAX_KEY_BYTES}
"""Bytes."""


def decode(entry: RecordEntry, data_type: str, read_ms: int) -> Arrival:
    """Return what an entry holds; of one that makes no sense its dead letter."""
    try:
        return _decode(entry, data_type, read_ms)
    except InvalidRecord as error:
        message = str(error)
    except Exception as error:
        # A defect: without this whoever reads the entry would fail of it, one router after the other.
        _log.exception("an entry could not be read", data_type=data_type, id=entry.id)
        message = f"hedgerow failed, which its router's log shows: {error!r}"
    arrival = Arrival(entry, read_ms, now_ns(), Plain((), ()), (), ())
    arrival.fates[0] = unreadable(entry, read_ms, message)
    return arrival


def _decode(entry: RecordEntry, data_type: str, read_ms: int) -> Arrival:
    fields = entry.fields
    names = fields[0::2]
    if RESERVED.isdisjoint(names):
        plain = Plain(names, fields[1::2])
        return Arrival(entry, read_ms, now_ns(), plain, (), (), tries=entry.deliveries)
    said: dict[bytes, bytes] = {}
    for name, value in zip(names, fields[1::2], strict=True):
        if name in said:
            raise InvalidRecord(f"the field {name.decode()!r} stands twice; send it once")
        if name in RESERVED:
            said[name] = value
    traceparent = said.get(b"traceparent", b"").decode("ascii", "replace")
    content, own_ids, keys = _batch(said, data_type) if b"batch" in said else _plain(entry, said)
    return Arrival(
        entry,
        read_ms,
        now_ns(),
        content,
        own_ids,
        keys,
        traceparent,
        parse_traceparent(traceparent) if traceparent else None,
        tries=entry.deliveries,
    )


def _plain(
    entry: RecordEntry, said: dict[bytes, bytes]
) -> tuple[Plain, tuple[str, ...], tuple[str, ...]]:
    pairs = zip(entry.fields[0::2], entry.fields[1::2], strict=True)
    rest = [(name, value) for name, value in pairs if name not in RESERVED]
    content = Plain(tuple([name for name, _ in rest]), tuple([value for _, value in rest]))
    own_id, key = _text(said, b"id"), _text(said, b"key")
    return content, (own_id,) if own_id else (), (key,) if key else ()


def _batch(
    said: dict[bytes, bytes], data_type: str
) -> tuple[Batch, tuple[str, ...], tuple[str, ...]]:
    try:
        message = pb.Batch.FromString(said[b"batch"])
    except DecodeError as error:
        raise InvalidRecord(f"the field 'batch' is no hedgerow.v1.Batch: {error}") from error
    if message.data_type not in ("", data_type):
        raise InvalidRecord(
            f"the batch is of data type {message.data_type!r}, and this is the stream of {data_type!r}"
        )
    message.data_type = data_type
    if (rows := message.rows) > MOST_ROWS:
        raise InvalidRecord(f"the batch has {rows} records; send at most {MOST_ROWS} in an entry")
    batch = Batch.from_proto(message)
    check_names(message)
    own_id, key = _text(said, b"id"), _text(said, b"key")
    alone = rows == 1
    ids = [own_id if alone else f"{own_id}/{row}" for row in range(rows)] if own_id else ()
    return batch, tuple(message.ids) or tuple(ids), tuple(message.keys) or (key,) * rows * bool(key)


def _text(said: dict[bytes, bytes], name: bytes) -> str:
    """Return the id, or the key."""
    value = said.get(name, b"")
    if len(value) > _LONGEST[name]:
        raise InvalidRecord(
            f"the field {name.decode()!r} has {len(value)} bytes; give at most {_LONGEST[name]}"
        )
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise InvalidRecord(f"the field {name.decode()!r} is not UTF-8") from error
