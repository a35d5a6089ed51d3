"""The router's calls: convert, call, convert."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
from google.protobuf.message import DecodeError

from hedgerow.errors import HedgerowError, InvalidInput
from hedgerow.v1.scoring_pb2 import (
    DESCRIPTOR,
    ScoreError,
    ScoreRequest,
    ScoreResponse,
    ScoreStreamRequest,
    ScoreStreamResponse,
)
from services.common.clock import now_ns
from services.common.errors import status_of
from services.common.telemetry import Tracing
from services.router.admission.head import Head, read_head
from services.router.calls.concurrent_answers import ConcurrentAnswers
from services.router.calls.open_streams import OpenStreams
from services.router.route_span import traced
from services.router.scoring import Scoring

_SERVICE = DESCRIPTOR.services_by_name["ScoringService"].full_name


class ScoringServicer:
    """Serves ScoringService.

    Not by the generated base: that decodes a request before anybody can refuse it. As a method that takes
    a stream of requests, of which it reads one, Score is the same on the wire, and reads when it likes.
    """

    def __init__(
        self, scoring: Scoring, tracing: Tracing, max_in_flight: int, streams: OpenStreams
    ) -> None:
        self._scoring = scoring
        self._tracing = tracing
        self._max_in_flight = max_in_flight
        self._streams = streams

    def add_to(self, server: grpc.aio.Server) -> None:
        """Add the methods to a server."""
        handlers = {
            "Score": grpc.stream_unary_rpc_method_handler(
                self.Score, response_serializer=ScoreResponse.SerializeToString
            ),
            "ScoreStream": grpc.stream_stream_rpc_method_handler(
                self.ScoreStream,
                ScoreStreamRequest.FromString,
                ScoreStreamResponse.SerializeToString,
            ),
        }
        handler = grpc.method_handlers_generic_handler(_SERVICE, handlers)
        server.add_generic_rpc_handlers((handler,))
        # Methods that are registered have a queue each, so that health and state wait for none of these.
        server.add_registered_method_handlers(_SERVICE, handlers)

    async def Score(  # noqa: N802 - gRPC's name
        self,
        _: AsyncIterator[bytes],
        context: grpc.aio.ServicerContext[bytes, ScoreResponse],
    ) -> ScoreResponse:
        """Score one batch."""
        arrived, time_left = now_ns(), context.time_remaining()
        self._scoring.admission.check_unread()
        raw: object = await context.read()
        if not isinstance(raw, bytes):  # EOF
            raise InvalidInput("the call has no request; send one ScoreRequest")
        self._scoring.check(read_head(raw), time_left)
        decision = await traced(
            self._tracing,
            self._scoring,
            _decoded(raw),
            time_left,
            context.invocation_metadata(),
            arrived,
        )
        return ScoreResponse(decision=decision)

    async def ScoreStream(  # noqa: N802 - gRPC's name
        self,
        request_iterator: AsyncIterator[ScoreStreamRequest],
        context: grpc.aio.ServicerContext[ScoreStreamRequest, ScoreStreamResponse],
    ) -> AsyncIterator[ScoreStreamResponse]:
        """Score batches as they come."""
        metadata = context.invocation_metadata()

        async def answer(message: ScoreStreamRequest) -> ScoreStreamResponse:
            arrived, request = now_ns(), message.request
            try:
                self._scoring.check(_head_of(request), None)
                decision = await traced(
                    self._tracing, self._scoring, request, None, metadata, arrived
                )
            except HedgerowError as error:
                status = status_of(error)
                failure = ScoreError(code=status.code, message=status.message)
                return ScoreStreamResponse(id=message.id, error=failure)
            return ScoreStreamResponse(id=message.id, response=ScoreResponse(decision=decision))

        answers = ConcurrentAnswers(request_iterator, answer, self._max_in_flight)
        async for response in self._streams.run(answers):
            yield response


def _decoded(raw: bytes) -> ScoreRequest:
    try:
        return ScoreRequest.FromString(raw)
    except DecodeError as error:
        raise InvalidInput(f"the request is not a ScoreRequest: {error}") from error


def _head_of(request: ScoreRequest) -> Head:
    deadline = request.deadline.ToNanoseconds() / 1e9 if request.HasField("deadline") else None
    return Head(request.batch.data_type, deadline)
