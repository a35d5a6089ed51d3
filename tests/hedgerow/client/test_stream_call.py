"""How a call of a stream ended, when gRPC itself does not know."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
import pytest

from hedgerow.client.call_status import OF_A_WRITE
from hedgerow.client.stream_call import StreamCall
from hedgerow.errors import Internal, Unavailable


class EndedCall:
    """A call that ends with a status before anything was answered."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        nothing = grpc.aio.Metadata()
        self._error = grpc.aio.AioRpcError(code, nothing, nothing, details)

    def add_done_callback(self, callback: Callable[[Any], None]) -> None:
        """It has ended before anybody could be told."""

    async def __aiter__(self) -> AsyncIterator[Any]:
        raise self._error
        yield

    def cancel(self) -> None:
        """There is nothing to cancel."""


@pytest.mark.parametrize(
    ("code", "details", "kind", "is_break"),
    [
        (grpc.StatusCode.INTERNAL, OF_A_WRITE, Unavailable, True),
        (grpc.StatusCode.INTERNAL, "internal error", Internal, False),
        (grpc.StatusCode.UNAVAILABLE, "the router is stopping", Unavailable, True),
    ],
    ids=["a write failed first", "a fault of the router", "the router is gone"],
)
async def test_a_call_that_hides_how_it_ended_is_opened_again(
    code: grpc.StatusCode, details: str, kind: type[Exception], is_break: bool
) -> None:
    end = await StreamCall(EndedCall(code, details), "router:8400").run(lambda _: None)
    assert isinstance(end.error, kind)
    assert end.is_break is is_break
