"""The router's calls: convert, call, convert."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc

from hedgerow.errors import HedgerowError
from hedgerow.v1.scoring_pb2 import (
    ScoreError,
    ScoreRequest,
    ScoreResponse,
    ScoreStreamRequest,
    ScoreStreamResponse,
)
from hedgerow.v1.scoring_pb2_grpc import ScoringServiceServicer
from services.common.errors import status_of
from services.common.telemetry import Tracing
from services.router.concurrent_answers import ConcurrentAnswers
from services.router.route_span import traced
from services.router.scoring import Scoring

_Context = grpc.aio.ServicerContext


class ScoringServicer(ScoringServiceServicer):
    """Serves ScoringService."""

    def __init__(self, scoring: Scoring, tracing: Tracing, max_in_flight: int) -> None:
        self._scoring = scoring
        self._tracing = tracing
        self._max_in_flight = max_in_flight

    async def Score(  # noqa: N802 - gRPC's name
        self, request: ScoreRequest, context: _Context[ScoreRequest, ScoreResponse]
    ) -> ScoreResponse:
        """Score one batch."""
        time_left, metadata = context.time_remaining(), context.invocation_metadata()
        decision = await traced(self._tracing, self._scoring, request, time_left, metadata)
        return ScoreResponse(decision=decision)

    async def ScoreStream(  # noqa: N802 - gRPC's name
        self,
        request_iterator: AsyncIterator[ScoreStreamRequest],
        context: _Context[ScoreStreamRequest, ScoreStreamResponse],
    ) -> AsyncIterator[ScoreStreamResponse]:
        """Score batches as they come."""
        metadata = context.invocation_metadata()

        async def answer(message: ScoreStreamRequest) -> ScoreStreamResponse:
            try:
                decision = await traced(
                    self._tracing, self._scoring, message.request, None, metadata
                )
            except HedgerowError as error:
                status = status_of(error)
                failure = ScoreError(code=status.code, message=status.message)
                return ScoreStreamResponse(id=message.id, error=failure)
            return ScoreStreamResponse(id=message.id, response=ScoreResponse(decision=decision))

        answers = ConcurrentAnswers(request_iterator, answer, self._max_in_flight)
        async for response in answers.run():
            yield response
