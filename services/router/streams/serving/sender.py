"""Puts the records of requests into the log, each into the partition of its key."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from hedgerow.data.names import check_names
from hedgerow.data.records import Batch
from hedgerow.errors import InvalidRecord, Unavailable
from hedgerow.v1 import records_pb2 as pb
from hedgerow.v1.records_pb2 import TraceContext
from services.common.catalog import Catalog
from services.common.log.streams import MOST_ROWS, Partition, Sending, Sent, Streams
from services.router.streams.stopping import Pauses, Stopping


class Part(NamedTuple):
    """Records of a request that go into one partition, as one entry."""

    partition: Partition
    rows: list[int]


class Sender:
    """Appends for all callers of a router."""

    def __init__(self, log: Streams, catalog: Catalog, backlog: int, stopping: Stopping) -> None:
        self._log = log
        self._catalog = catalog
        self._backlog = backlog
        self._stopping = stopping
        self._sendings: dict[str, Sending] = {}

    async def send(self, message: pb.Batch, trace: TraceContext | None) -> list[str]:
        """Append records and return their ids, those that the log gave where they have none.

        Waits while the log is out of reach, full, or has too many records waiting. Raises InvalidRecord and
        NotFound; Stopped if this router stops, when some of the records may be in the log.
        """
        batch = self._checked(message)
        sending = self._sending(message.data_type)
        ids = list(message.ids) or [""] * message.rows
        left = list(range(message.rows))
        pauses = Pauses(self._stopping)
        while left:
            try:
                await sending.partitions()
                left = await self._append(sending, message, batch, left, trace, ids)
            except Unavailable:
                await pauses()
                continue
            if left:
                await pauses()
        return ids

    async def _append(
        self,
        sending: Sending,
        message: pb.Batch,
        batch: Batch,
        rows: list[int],
        trace: TraceContext | None,
        ids: list[str],
    ) -> list[int]:
        """Append these rows, fill in their ids, and return those that have to wait."""
        left: list[int] = []
        for partition, chosen in _parts(sending, message, rows):
            fields = _fields(message, batch, chosen, trace)
            try:
                sent, entry_id = await sending.append(partition, fields)
            except Unavailable:
                sent, entry_id = Sent.FULL, ""
            if sent is not Sent.DONE:
                left += chosen
                continue
            for place, row in enumerate(chosen):
                ids[row] = ids[row] or (f"{entry_id}/{place}" if len(chosen) > 1 else entry_id)
        return sorted(left)

    def _checked(self, message: pb.Batch) -> Batch:
        self._catalog.check_has_models(message.data_type)
        if message.rows > MOST_ROWS:
            raise InvalidRecord(
                f"the batch has {message.rows} records; send at most {MOST_ROWS} in a request"
            )
        check_names(message)
        return Batch.from_proto(message)

    def _sending(self, data_type: str) -> Sending:
        found = self._sendings.get(data_type)
        if found is None:
            found = self._sendings[data_type] = self._log.sending(data_type, self._backlog)
        return found


def _parts(sending: Sending, message: pb.Batch, rows: Iterable[int]) -> list[Part]:
    """Return the rows by the partition of their key or else their id; without both they stay together."""
    by_partition: dict[Partition, list[int]] = {}
    anywhere: Partition | None = None
    for row in rows:
        key = (message.keys[row] if message.keys else "") or (
            message.ids[row] if message.ids else ""
        )
        if not key:
            anywhere = anywhere or sending.choose("")
        by_partition.setdefault(sending.choose(key) if key else anywhere, []).append(row)  # type: ignore[arg-type]
    return [Part(partition, chosen) for partition, chosen in by_partition.items()]


def _fields(
    message: pb.Batch, batch: Batch, rows: list[int], trace: TraceContext | None
) -> list[str | bytes | int]:
    part = message
    if len(rows) < message.rows:
        part = batch.take(rows).to_proto()
        part.ids.extend(message.ids[row] for row in rows if message.ids)
        part.keys.extend(message.keys[row] for row in rows if message.keys)
    fields: list[str | bytes | int] = ["batch", part.SerializeToString()]
    if trace is not None and trace.trace_id:
        fields += ("traceparent", f"00-{trace.trace_id.hex()}-{trace.span_id.hex()}-01")
    return fields
