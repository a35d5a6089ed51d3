"""Scores the batches of a reader, several at a time, in order; a refusal names the line it is about."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from typing import TypedDict

from hedgerow.cli.scoring.reading import Numbered, RecordReader
from hedgerow.client.aio import AsyncClient
from hedgerow.data.answers import Answers
from hedgerow.data.records import Record
from hedgerow.errors import (
    HedgerowError,
    InvalidInput,
    InvalidPlan,
    InvalidRecord,
    NotFound,
    Unavailable,
)
from hedgerow.v1.plans_pb2 import Policy, Strategy

_BATCHES_IN_FLIGHT = 4
# The router counts records within a batch; a line says it better.
_PLACE_IN_BATCH = re.compile(r" of record \d+")


class Overrides(TypedDict):
    """What stands in place of the plan's; None leaves it as it is."""

    deadline: timedelta | None
    policy: Policy | None
    strategy: Strategy | None


class Scoring:
    """Scores records of one data type."""

    def __init__(
        self, client: AsyncClient, data_type: str, overrides: Overrides, explain: bool
    ) -> None:
        self._client = client
        self._data_type = data_type
        self._overrides = overrides
        self._explain = explain

    async def run(self, reader: RecordReader) -> AsyncIterator[tuple[Numbered, Answers]]:
        """Yield each batch with its answers. Raises the first error there is, with its lines."""
        waiting: deque[Numbered] = deque()

        async def records() -> AsyncIterator[list[Record]]:
            async for batch in reader.batches():
                waiting.append(batch)
                yield batch.records

        stream = self._client.score_stream(
            self._data_type,
            records(),
            explain=self._explain,
            in_flight=_BATCHES_IN_FLIGHT,
            keys_of=lambda _: (
                waiting[-1].keys or None
            ),  # a batch is asked for before the next is read
            **self._overrides,
        )
        async with aclosing(stream) as answers:
            async for scored in answers:
                batch = waiting.popleft()
                if isinstance(scored.outcome, HedgerowError):
                    raise await self._located(batch, scored.outcome) from scored.outcome
                yield batch, scored.outcome

    async def _located(self, batch: Numbered, error: HedgerowError) -> HedgerowError:
        if isinstance(error, NotFound | Unavailable | InvalidPlan):
            return error
        if isinstance(error, InvalidInput):
            return await self._bad_record(batch, error)
        return HedgerowError(f"{_lines(batch)}: {error}")

    async def _bad_record(self, batch: Numbered, error: InvalidInput) -> InvalidRecord:
        """Halve the batch until one record is left that is refused by itself."""
        while (count := len(batch.records)) > 1:
            for part in (batch.part(0, count // 2), batch.part(count // 2, count)):
                if (refusal := await self._refusal(part)) is not None:
                    batch, error = part, refusal
                    break
            else:  # the halves are good, they only do not go together
                break
        return InvalidRecord(f"{_lines(batch)}: {_PLACE_IN_BATCH.sub('', str(error))}")

    async def _refusal(self, batch: Numbered) -> InvalidInput | None:
        try:
            await self._client.score(
                self._data_type, batch.records, keys=batch.keys or None, **self._overrides
            )
        except InvalidInput as error:
            return error
        return None


def _lines(batch: Numbered) -> str:
    first, last = batch.lines[0], batch.lines[-1]
    return f"line {first}" if first == last else f"lines {first}-{last}"
