"""Records on their way into a stream: each with an id, in requests of a bounded size."""

from __future__ import annotations

import itertools
import os
from base64 import b32encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hedgerow.client.batches import Records, batch_of, is_dataframe, listed
from hedgerow.client.record_streams.labels import Labels, texts
from hedgerow.data.names import MAX_ID_BYTES, MAX_KEY_BYTES
from hedgerow.data.records import Batch
from hedgerow.errors import InvalidRecord
from hedgerow.v1 import records_pb2 as pb
from hedgerow.v1.streams_pb2 import SendRecordsRequest

MOST_RECORDS = 256
"""Of a request: an entry of the log, and so what a router takes at least at a time."""

MOST_BYTES = 2 * 1024 * 1024
"""Of a request, unless a single record has more."""

_RANDOM_BYTES = 10
"""Of ids that are made here: 16 letters and digits. The log keeps each for a while, and people read it."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Records to send, and their ids and keys if they have any."""

    records: Records
    ids: Labels = None
    keys: Labels = None


class Cutter:
    """Makes requests of records of one data type.

    A record without an id of its own gets one that no other has, so that a request may be sent twice and
    its records are scored once.
    """

    def __init__(self, data_type: str, trace: pb.TraceContext | None) -> None:
        self._data_type = data_type
        self._trace = trace
        # Not the client's: processes that are forked from the one that made it have the same one.
        self._prefix = b32encode(os.urandom(_RANDOM_BYTES)).decode().lower()
        self._numbers = itertools.count(1)

    def requests(self, outgoing: Outgoing) -> list[SendRecordsRequest]:
        """Return requests of at most MOST_RECORDS and about MOST_BYTES.

        Raises InvalidRecord, naming the record by its place, from 0.
        """
        messages = _messages(self._data_type, outgoing.records)
        rows = sum(message.rows for message in messages)
        ids = texts("id", outgoing.ids, rows, MAX_ID_BYTES)
        keys = texts("key", outgoing.keys, rows, MAX_KEY_BYTES)
        start = 0
        for message in messages:
            part = slice(start, start + message.rows)
            message.ids.extend([id or self._new_id() for id in ids[part]])
            message.keys.extend(keys[part] if any(keys) else ())
            start = part.stop
        return [SendRecordsRequest(batch=message, trace=self._trace) for message in messages]

    def _new_id(self) -> str:
        return f"{self._prefix}-{next(self._numbers)}"


def _messages(data_type: str, records: Records) -> list[pb.Batch]:
    """Return records as batches of a bounded size."""
    rows: Any = records
    if not isinstance(records, Mapping) and not is_dataframe(records):
        rows = listed(records)
    try:
        return list(_cut(batch_of(data_type, rows)))
    except InvalidRecord as error:
        raise InvalidRecord(_located(data_type, rows, error)) from error


def _cut(batch: Batch) -> Iterator[pb.Batch]:
    for start in range(0, batch.rows, MOST_RECORDS):
        yield from _halved(batch, start, min(start + MOST_RECORDS, batch.rows))


def _halved(batch: Batch, start: int, stop: int) -> Iterator[pb.Batch]:
    """Halve a part of a batch until nothing is too large."""
    message = batch.rows_of(start, stop).to_proto()
    if message.ByteSize() <= MOST_BYTES or stop - start == 1:
        yield message
        return
    middle = (start + stop) // 2
    yield from _halved(batch, start, middle)
    yield from _halved(batch, middle, stop)


def _located(data_type: str, rows: Any, error: InvalidRecord) -> str:
    """Say which record is meant: halve the records until one is left that is refused by itself."""
    if isinstance(rows, Mapping) or len(rows) == 0:
        return str(error)
    sliced = rows.iloc if is_dataframe(rows) else rows
    start, stop = 0, len(rows)
    while stop - start > 1:
        middle = (start + stop) // 2
        for first, last in ((start, middle), (middle, stop)):
            try:
                batch_of(data_type, sliced[first:last]).to_proto()
            except InvalidRecord as refusal:
                start, stop, error = first, last, refusal
                break
        else:  # they only do not go together
            return str(error)
    return f"record {start}: {error}"
