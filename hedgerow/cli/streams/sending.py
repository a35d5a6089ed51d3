"""Sends the batches of a reader, several at a time; an error names the line it is about."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, BinaryIO, NamedTuple

from hedgerow.cli.scoring.reading import Numbered, RecordReader, no_records
from hedgerow.cli.streams.pace import Pace
from hedgerow.client.aio import AsyncClient
from hedgerow.client.record_streams import Outgoing
from hedgerow.errors import HedgerowError, InvalidRecord

# The client counts records within a batch; a line says it better.
_PLACE = re.compile(r"\brecord (\d+)\b")


class Columns(NamedTuple):
    """The names of columns that are no features; "" for none."""

    id: str
    key: str


class Sending:
    """Sends records of one data type."""

    def __init__(self, client: AsyncClient, data_type: str, columns: Columns, pace: Pace) -> None:
        self._client = client
        self._data_type = data_type
        self._columns = columns
        self._pace = pace
        self._done = 0
        self._waiting: deque[Numbered] = deque()

    async def run(self, stream: BinaryIO, count: Callable[[int], None]) -> None:
        """Send all records; `count` those that are in the stream. Raises the first error, with its line."""

        def counted(records: int) -> None:
            self._done += records
            count(records)

        batches = self._batches(stream)
        sending = self._client.send_stream(self._data_type, batches, acknowledged=counted)
        try:
            async with aclosing(sending) as items:
                async for sent in items:
                    batch = self._waiting.popleft()
                    if isinstance(sent.outcome, HedgerowError):
                        raise _located(batch, sent.outcome)
        except HedgerowError as error:
            raise self._with_count(error) from error

    async def _batches(self, stream: BinaryIO) -> AsyncIterator[Outgoing]:
        reader = RecordReader(
            stream, self._pace.batch_size, [name for name in self._columns if name]
        )
        is_first = True
        async for batch in reader.batches():
            outgoing = Outgoing(
                batch.records,
                self._column(batch, self._columns.id, is_first),
                self._column(batch, self._columns.key, is_first),
            )
            is_first = False
            await self._pace.wait(len(batch.records))
            self._waiting.append(batch)
            yield outgoing
        if is_first:
            raise no_records()

    def _column(self, batch: Numbered, name: str, is_first: bool) -> list[Any] | None:
        """Return what a column has. Raises InvalidRecord if there seems to be none."""
        if not name:
            return None
        values = [kept[name] for kept in batch.kept]
        if is_first and not any(value is not None for value in values):
            raise InvalidRecord(f"line {batch.lines[0]}: there is no {name!r} in this record")
        return values

    def _with_count(self, error: HedgerowError) -> HedgerowError:
        """Say what is in the stream all the same."""
        if not self._done:
            return error
        what = "record is" if self._done == 1 else "records are"
        return HedgerowError(f"{error}; {self._done:,} {what} in the stream")


def _located(batch: Numbered, error: HedgerowError) -> HedgerowError:
    if not isinstance(error, InvalidRecord):
        return error
    found = _PLACE.search(str(error))
    if found is None or int(found[1]) >= len(batch.lines):
        return InvalidRecord(f"lines {batch.lines[0]}-{batch.lines[-1]}: {error}")
    line = f"line {batch.lines[int(found[1])]}"
    return InvalidRecord(_PLACE.sub(line, str(error), count=1))
