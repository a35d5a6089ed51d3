"""StateService, which every service answers in the same way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import grpc
import structlog
from google.protobuf.timestamp_pb2 import Timestamp

import hedgerow
from hedgerow.v1.state_pb2 import GetStateRequest, GetStateResponse
from hedgerow.v1.state_pb2_grpc import (
    StateServiceServicer,
    StateServiceStub,
    add_StateServiceServicer_to_server,
)
from services.common.wire import CHANNEL_OPTIONS

_log = structlog.get_logger()

STATE_SERVICE = "hedgerow.v1.StateService"

_PATIENCE_SECONDS = 1.0
"""For another service's answer; the state of the others should not wait for one that is lost."""

Others = Callable[[str], Awaitable[list[GetStateResponse]]]
"""Gives what other services say of a data type, or of all ("")."""


async def _none(_: str) -> list[GetStateResponse]:
    """Most services know no others."""
    return []


class StateServicer(StateServiceServicer):
    """Serves StateService; `fill` adds what only this service knows, of one data type or of all ("")."""

    def __init__(
        self, service: str, fill: Callable[[GetStateResponse, str], None], others: Others = _none
    ) -> None:
        self._service = service
        self._fill = fill
        self._others = others
        self._since = Timestamp()
        self._since.GetCurrentTime()

    async def GetState(  # noqa: N802 - gRPC's name
        self,
        request: GetStateRequest,
        context: grpc.aio.ServicerContext[GetStateRequest, GetStateResponse],
    ) -> GetStateResponse:
        """Answer with the state now."""
        response = GetStateResponse(
            service=self._service, version=hedgerow.__version__, since=self._since
        )
        self._fill(response, request.data_type)
        if request.mesh:
            response.others.extend(await self._others(request.data_type))
        return response

    def add_to(self, server: grpc.aio.Server) -> None:
        """Add this servicer to a server."""
        add_StateServiceServicer_to_server(self, server)


async def ask_all(addresses: Iterable[str], data_type: str) -> list[GetStateResponse]:
    """Ask services for their state, side by side; leave out those that do not answer in time."""
    asked = [_ask(address, data_type) for address in sorted(addresses)]
    return [response for response in await asyncio.gather(*asked) if response is not None]


async def _ask(address: str, data_type: str) -> GetStateResponse | None:
    async with grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
        try:
            request = GetStateRequest(data_type=data_type)
            response = await StateServiceStub(channel).GetState(request, timeout=_PATIENCE_SECONDS)
        except grpc.aio.AioRpcError as error:
            _log.info("a service did not give its state", address=address, reason=error.details())
            return None
        response.address = address
        return response
