"""How a call that sends a stream really ended.

With grpc.aio, a write that fails because the server has ended the call replaces the server's status by
INTERNAL, "Internal error from Core", if that was there first (grpc/grpc#36066, open in 1.85). The reason
of a refusal would be lost in about half of the cases.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

import grpc

OF_A_WRITE = "Internal error from Core"
"""Details of a status that hides the server's, where a write had failed before that came."""

T = TypeVar("T")


class CallStatus:
    """Watches a call from its beginning, and keeps the first status it ended with."""

    def __init__(self, call: Any) -> None:
        self._first: grpc.aio.AioRpcError | None = None
        call.add_done_callback(self._ended)

    def error(self, raised: grpc.aio.AioRpcError) -> grpc.aio.AioRpcError:
        """Return the error with the server's status, given the one that the call raised."""
        if self._first is None or self._first.details() == OF_A_WRITE:
            return raised
        return self._first

    def _ended(self, call: Any) -> None:
        self._first = grpc.aio.AioRpcError(
            code=_result(call.code()),
            initial_metadata=grpc.aio.Metadata(),
            trailing_metadata=_result(call.trailing_metadata()),
            details=_result(call.details()),
        )


def _result(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return what a coroutine gives that need not wait; later the status may be another."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    coroutine.close()
    raise RuntimeError("a call that has ended has no status")
