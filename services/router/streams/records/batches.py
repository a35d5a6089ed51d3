"""Batches of what has arrived: records that are scored together, and where each belongs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hedgerow.data.records import Batch, Layout
from hedgerow.errors import InvalidRecord
from hedgerow.v1 import records_pb2 as pb
from services.router.streams.records.arrivals import Arrival, Plain
from services.router.streams.records.dead_letters import invalid
from services.router.streams.records.field_types import FieldTypes

Place = tuple[Arrival, int]
"""A record: its entry, and its row there."""


@dataclass(slots=True, eq=False)
class RecordBatch:
    """Records of one layout, and where each belongs."""

    records: Batch
    places: Sequence[Place]

    def to_proto(self) -> pb.Batch:
        """Return the batch as a request has it, with the keys."""
        message = self.records.to_proto()
        keys = [arrival.key(row) for arrival, row in self.places]
        if any(keys):
            message.keys.extend(keys)
        return message

    def halves(self) -> Iterator[RecordBatch]:
        """Yield its first half and its second."""
        middle = len(self.places) // 2
        for start, stop in ((0, middle), (middle, len(self.places))):
            yield RecordBatch(self.records.rows_of(start, stop), self.places[start:stop])

    @property
    def arrivals(self) -> list[Arrival]:
        """The entries that have records in it."""
        return list(dict.fromkeys(arrival for arrival, _ in self.places))


def gathered(arrivals: Iterable[Arrival], types: FieldTypes, rows: int) -> list[RecordBatch]:
    """Return the records that have no fate yet in batches, in their order, of at most so many rows.

    One that cannot be made features of has its fate by that. A batch ends where the layout changes.
    """
    found: list[RecordBatch] = []
    plain: list[Arrival] = []
    for arrival in arrivals:
        if isinstance(arrival.content, Plain):
            plain.append(arrival)
        else:
            found += _of_plain(plain, types)
            plain = []
            found.append(_of_batch(arrival, arrival.content, types))
    found += _of_plain(plain, types)
    return [part for batch in _joined(found) for part in _parts(batch, rows)]


def _of_batch(arrival: Arrival, content: Batch, types: FieldTypes) -> RecordBatch:
    rows = arrival.open_rows
    records = types.keep_known(content)
    if len(rows) < content.rows:
        records = records.take(rows)
    return RecordBatch(records, [(arrival, row) for row in rows])


def _of_plain(arrivals: list[Arrival], types: FieldTypes) -> list[RecordBatch]:
    if not arrivals:
        return []
    try:
        records = types.batch([_plain(arrival) for arrival in arrivals])
    except InvalidRecord:  # one of them, at least: which?
        arrivals = [arrival for arrival in arrivals if _is_sound(arrival, types)]
        if not arrivals:
            return []
        records = types.batch([_plain(arrival) for arrival in arrivals])
    return [RecordBatch(records, [(arrival, 0) for arrival in arrivals])]


def _is_sound(arrival: Arrival, types: FieldTypes) -> bool:
    try:
        types.check(_plain(arrival))
        types.batch([_plain(arrival)])
    except InvalidRecord as error:
        arrival.fates[0] = invalid(arrival, 0, str(error))
        return False
    return True


def _plain(arrival: Arrival) -> Plain:
    assert isinstance(arrival.content, Plain)
    return arrival.content


def _joined(batches: Iterable[RecordBatch]) -> list[RecordBatch]:
    """Join batches of one layout that follow each other."""
    runs: list[tuple[Layout, list[RecordBatch]]] = []
    for batch in batches:
        layout = batch.records.layout
        if not runs or runs[-1][0] != layout:
            runs.append((layout, []))
        runs[-1][1].append(batch)
    return [
        run[0]
        if len(run) == 1
        else RecordBatch(
            Batch.join([batch.records for batch in run]),
            [place for batch in run for place in batch.places],
        )
        for _, run in runs
    ]


def _parts(batch: RecordBatch, rows: int) -> Iterator[RecordBatch]:
    """Cut a batch that is too large."""
    if len(batch.places) <= rows:
        yield batch
        return
    for start in range(0, len(batch.places), rows):
        stop = start + rows
        yield RecordBatch(
            batch.records.rows_of(start, min(stop, len(batch.places))), batch.places[start:stop]
        )
