"""StateService, which every service answers in the same way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from typing import Any, TypeVar

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

_AT_ONCE = 50
"""Items that are told of before others have their turn."""

_Item = TypeVar("_Item")

Fill = Callable[[GetStateResponse, str], Coroutine[Any, Any, None]]
"""Writes what a service knows of a data type, or of all ("")."""

Others = Callable[[str], Awaitable[list[GetStateResponse]]]
"""Gives what other services say of a data type, or of all ("")."""


async def _none(_: str) -> list[GetStateResponse]:
    """Most services know no others."""
    return []


class StateServicer(StateServiceServicer):
    """Serves StateService; `fill` adds what only this service knows, of one data type or of all ("")."""

    def __init__(self, service: str, fill: Fill, others: Others = _none) -> None:
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
        await self._fill(response, request.data_type)
        if request.mesh:
            response.others.extend(await self._others(request.data_type))
        return response

    def add_to(self, server: grpc.aio.Server) -> None:
        """Add this servicer to a server."""
        add_StateServiceServicer_to_server(self, server)


def parts(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    """Yield items some at a time: so many that to tell of them takes a few milliseconds."""
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]


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
