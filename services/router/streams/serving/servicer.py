"""StreamService: convert, call, convert."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc

from hedgerow.errors import HedgerowError, Unavailable
from hedgerow.v1.scoring_pb2 import ScoreError
from hedgerow.v1.streams_pb2 import (
    DropDeadLettersRequest,
    DropDeadLettersResponse,
    GetStreamsRequest,
    GetStreamsResponse,
    ListDeadLettersRequest,
    ListDeadLettersResponse,
    ReadScoresRequest,
    ReadScoresResponse,
    ReplayDeadLettersRequest,
    ReplayDeadLettersResponse,
    SendRecordsRequest,
    SendRecordsResponse,
)
from hedgerow.v1.streams_pb2_grpc import (
    StreamServiceServicer,
    add_StreamServiceServicer_to_server,
)
from services.common.catalog import Catalog
from services.common.errors import status_of
from services.common.log.streams import Streams
from services.router.streams.record_streams import RecordStreams
from services.router.streams.serving.dead_letters import DeadLetters
from services.router.streams.serving.score_feed import ScoreFeed
from services.router.streams.serving.sender import Sender
from services.router.streams.stopping import Stopped, Stopping

STREAM_SERVICE = "hedgerow.v1.StreamService"

Context = grpc.aio.ServicerContext[Any, Any]


class StreamServicer(StreamServiceServicer):
    """Serves StreamService. Its streams end when the router is told to stop."""

    def __init__(
        self, log: Streams, catalog: Catalog, streams: RecordStreams, backlog: int
    ) -> None:
        """`backlog`: entries that may wait in a partition before those who send are held back."""
        self._log = log
        self._catalog = catalog
        self._streams = streams
        self._letters = DeadLetters(log)
        self._stopping = Stopping()
        self._sender = Sender(log, catalog, backlog, self._stopping)

    def add_to(self, server: grpc.aio.Server) -> None:
        """Add the methods to a server."""
        add_StreamServiceServicer_to_server(self, server)

    def stop(self) -> None:
        """End all streams that are open, and those to come."""
        self._stopping.tell()

    async def SendRecords(  # noqa: N802 - gRPC's name
        self, request_iterator: AsyncIterator[SendRecordsRequest], context: Context
    ) -> AsyncIterator[SendRecordsResponse]:
        """Append records, request by request."""
        requests = aiter(request_iterator)
        while True:
            try:
                request = await self._stopping.unless(_next(requests))
                if request is None:
                    return
                yield await self._send(request)
            except Stopped:
                raise Unavailable("the router is stopping; send the rest to another one") from None

    async def _send(self, request: SendRecordsRequest) -> SendRecordsResponse:
        try:
            trace = request.trace if request.HasField("trace") else None
            return SendRecordsResponse(ids=await self._sender.send(request.batch, trace))
        except HedgerowError as error:
            status = status_of(error)
            failure = ScoreError(code=status.code, message=status.message)
            return SendRecordsResponse(error=failure)

    async def ReadScores(  # noqa: N802
        self, request: ReadScoresRequest, context: Context
    ) -> AsyncIterator[ReadScoresResponse]:
        """Return scores."""
        self._catalog.check_has_models(request.data_type)
        async for response in ScoreFeed(self._log, request, self._stopping).run():
            yield response

    async def GetStreams(  # noqa: N802
        self, request: GetStreamsRequest, context: Context
    ) -> GetStreamsResponse:
        """Return how the partitions of a data type are, now."""
        self._catalog.check_has_models(request.data_type)
        return GetStreamsResponse(streams=await self._streams.look(request.data_type))

    async def ListDeadLetters(  # noqa: N802
        self, request: ListDeadLettersRequest, context: Context
    ) -> ListDeadLettersResponse:
        """Return a page of dead letters."""
        self._catalog.check_has_models(request.data_type)
        return await self._letters.page(request)

    async def ReplayDeadLetters(  # noqa: N802
        self, request: ReplayDeadLettersRequest, context: Context
    ) -> ReplayDeadLettersResponse:
        """Put dead letters back."""
        self._catalog.check_has_models(request.data_type)
        replayed = await self._letters.replay(request.data_type, request.ids)
        return ReplayDeadLettersResponse(replayed=replayed)

    async def DropDeadLetters(  # noqa: N802
        self, request: DropDeadLettersRequest, context: Context
    ) -> DropDeadLettersResponse:
        """Remove dead letters."""
        self._catalog.check_has_models(request.data_type)
        dropped = await self._letters.drop(request.data_type, request.ids)
        return DropDeadLettersResponse(dropped=dropped)


async def _next(requests: AsyncIterator[SendRecordsRequest]) -> SendRecordsRequest | None:
    return await anext(requests, None)
