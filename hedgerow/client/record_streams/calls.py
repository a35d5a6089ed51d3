"""The calls of a client that are about streams of records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from datetime import datetime, timedelta
from typing import Any

from opentelemetry import trace

from hedgerow.client.batches import Records
from hedgerow.client.record_streams.dead_letters import DeadLetterCalls
from hedgerow.client.record_streams.labels import Labels
from hedgerow.client.record_streams.outgoing import Cutter, Outgoing
from hedgerow.client.record_streams.reading import NOW, ScoreReader, Scores, read_request
from hedgerow.client.record_streams.sending import Piece, Sent, cut, each, pieces_of, send
from hedgerow.client.router import trace_context, traceparent
from hedgerow.errors import Unavailable
from hedgerow.references import check_name
from hedgerow.v1.streams_pb2 import GetStreamsRequest, StreamState

IN_FLIGHT = 16
"""Requests that are sent before the first is answered."""


class RecordStreamCalls(DeadLetterCalls):
    """Sends records into streams and reads scores. Records are scored whether anybody reads or not."""

    async def send(
        self,
        data_type: str,
        records: Records,
        *,
        ids: Labels = None,
        keys: Labels = None,
        timeout: timedelta | None = None,
    ) -> list[str]:
        """Send one record (a mapping), or several (mappings, or a DataFrame), into the stream.

        Returns the ids of the records, in their order, when they are in the log; their scores carry them.
        `ids` and `keys` are one a record (text or whole numbers, None where there is none), for a single
        record a single one. A record without an id gets one. What is sent with an id that was there a
        moment ago is not scored again, so whoever is not sure whether something was sent sends it again.

        It waits while the log is full or out of reach; with `timeout`, no longer than that. What a router
        that is lost has not answered is sent again to another one, with the same ids.

        Raises InvalidRecord, before anything is sent, for what cannot be; NotFound; and Unavailable if no
        router takes the records, or not in time. Then it says how many are in the stream.
        """
        done = 0

        def acknowledged(records: int) -> None:
            nonlocal done
            done += records

        with self._sending(data_type) as (cutter, open_call):
            item = Outgoing(records, ids, keys)
            pieces = pieces_of(item, cutter.requests(item))
            try:
                async with asyncio.timeout(None if timeout is None else timeout.total_seconds()):
                    return await self._send_one(open_call, pieces, acknowledged)
            except TimeoutError as error:
                said = (
                    f"{self._connection.target} took not all records in time; the log may be full"
                )
                raise Unavailable(_so_far(said, done, pieces)) from error
            except Unavailable as error:
                raise Unavailable(_so_far(str(error), done, pieces)) from error

    async def _send_one(
        self,
        open_call: Callable[[], Any],
        pieces: list[Piece],
        acknowledged: Callable[[int], None],
    ) -> list[str]:
        """Send the pieces of one item, and return its ids."""
        target = self._connection.target
        sent = send(open_call, each(pieces), IN_FLIGHT, target, acknowledged)
        async with aclosing(sent) as items:
            async for one in items:
                return one.ids
        raise Unavailable(f"{target} did not take the records")

    async def send_stream(
        self,
        data_type: str,
        batches: AsyncIterable[Records | Outgoing] | Iterable[Records | Outgoing],
        *,
        in_flight: int = IN_FLIGHT,
        acknowledged: Callable[[int], None] = lambda records: None,
    ) -> AsyncGenerator[Sent[Any], None]:
        """Send records or batches as they come, and yield each with its ids, in their order.

        A batch with ids or keys is an `Outgoing(records, ids, keys)`. At most `in_flight` requests, of 256
        records at most, wait for an answer at a time; then no more is read from `batches`: a log that is
        full, or a consumer that takes no results, slows the producer, and memory stays flat. `acknowledged`
        is called with a number of records whenever so many more are in the stream.

        A batch that cannot be sent is yielded with its error, and ends nothing. Otherwise as `send`.

        Raises what `batches` raises, and Unavailable if no router takes the records.
        """
        with self._sending(data_type) as (cutter, open_call):
            pieces = cut(batches, cutter)
            target = self._connection.target
            sent = send(open_call, pieces, in_flight, target, acknowledged)
            async with aclosing(sent) as items:
                async for one in items:
                    yield one

    @contextmanager
    def _sending(self, data_type: str) -> Iterator[tuple[Cutter, Callable[[], Any]]]:
        """Give what makes requests, and what opens calls for them, within a span of the producer."""
        check_name("data type", data_type)
        span = self._tracer.start_span("hedgerow.send", kind=trace.SpanKind.PRODUCER)

        def open_call() -> Any:
            return self._connection.stub.streams.SendRecords(metadata=traceparent(span))

        try:
            yield Cutter(data_type, trace_context(span)), open_call
        finally:
            span.end()

    def scores(
        self,
        data_type: str,
        start: str | datetime = NOW,
        *,
        follow: bool = True,
        positions: Mapping[str, str] | None = None,
    ) -> Scores:
        """Return the scores of a stream, to be read with `async for`.

        `start` is where to begin: "" with what comes from now on, "0" with the oldest that is kept, or
        after a moment or the position of a score. `positions`, of a `Scores` that was read before, go
        before it. With `follow` it waits for more for ever, else it ends when there are no more.

        The scores of a partition come in the order in which they were written. None is missed and none
        comes twice when the router is lost: another one is asked to go on. No more is read than is asked
        for. Whoever waits for the next no longer than some time (`asyncio.timeout`) asks again, and misses
        none.

        Reading raises NotFound, InvalidInput for a start or positions that are none, and Unavailable if no
        router is there any more.
        """
        reader = self.score_reader(data_type, start, follow, positions)
        return Scores(reader)

    def score_reader(
        self,
        data_type: str,
        start: str | datetime,
        follow: bool,
        positions: Mapping[str, str] | None,
    ) -> ScoreReader:
        """Return what reads scores, as `scores` is asked for them."""
        check_name("data type", data_type)
        request = read_request(data_type, start, follow, positions)
        return ScoreReader(
            lambda request: self._connection.stub.streams.ReadScores(request),
            request,
            self._connection.target,
        )

    async def streams(self, data_type: str) -> list[StreamState]:
        """Return how the streams of a data type are, a partition each: how many records wait, since when.

        Raises NotFound and Unavailable.
        """
        check_name("data type", data_type)
        with self._connection.errors():
            response = await self._connection.stub.streams.GetStreams(
                GetStreamsRequest(data_type=data_type)
            )
        return list(response.streams)


def _so_far(said: str, done: int, pieces: list[Piece]) -> str:
    """Say how many records are known to be in the stream, unless none is."""
    total = pieces[0].of
    return f"{said}; the first {done} of {total} records are in the stream" if done else said
