"""StateService, which every service answers in the same way."""

from __future__ import annotations

from collections.abc import Callable

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

import hedgerow
from hedgerow.v1.state_pb2 import QueryRequest, QueryResponse
from hedgerow.v1.state_pb2_grpc import StateServiceServicer, add_StateServiceServicer_to_server

STATE_SERVICE = "hedgerow.v1.StateService"


class StateServicer(StateServiceServicer):
    """Serves StateService; `fill` adds what only this service knows, of one data type or of all ("")."""

    def __init__(self, service: str, fill: Callable[[QueryResponse, str], None]) -> None:
        self._service = service
        self._fill = fill
        self._since = Timestamp()
        self._since.GetCurrentTime()

    async def Query(  # noqa: N802 - gRPC's name
        self, request: QueryRequest, context: grpc.aio.ServicerContext[QueryRequest, QueryResponse]
    ) -> QueryResponse:
        """Answer with the state now."""
        response = QueryResponse(
            service=self._service, version=hedgerow.__version__, since=self._since
        )
        self._fill(response, request.data_type)
        return response

    def add_to(self, server: grpc.aio.Server) -> None:
        """Add this servicer to a server."""
        add_StateServiceServicer_to_server(self, server)
