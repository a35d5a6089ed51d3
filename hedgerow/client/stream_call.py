"""One call of a stream: writes what it is given and hands on what is answered, until it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

import grpc

from hedgerow.client.call_status import OF_A_WRITE, CallStatus
from hedgerow.client.statuses import error_from_call
from hedgerow.errors import HedgerowError, InvalidRecord, Unavailable

OF_A_BREAK = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
"""The router or the connection is gone; what ends with another status would end with it again."""


class CallEnd(NamedTuple):
    """How a call ended."""

    error: HedgerowError | None
    """None: in good order."""
    is_break: bool
    """Another call may get the answers that this one did not."""


class StreamCall:
    """A call that was just opened, to the service at `target`."""

    def __init__(self, call: Any, target: str) -> None:
        self._call = call
        self._target = target
        self._status = CallStatus(call)
        self._outbox: asyncio.Queue[Any] = asyncio.Queue()

    def send(self, message: Any) -> None:
        """Write a message, when those before it are written; None ends them."""
        self._outbox.put_nowait(message)

    async def run(self, answered: Callable[[Any], None]) -> CallEnd:
        """Hand on the answers until the call ends; raises what `answered` does."""
        writing = asyncio.create_task(self._write(), name="writes a stream of records")
        try:
            async for response in self._call:
                answered(response)
        except grpc.aio.AioRpcError as raised:
            status = self._status.error(raised)
            if status.details() == OF_A_WRITE:  # whatever the router said: it will say it again
                said = f"{self._target} ended the stream while a record was sent"
                return CallEnd(Unavailable(said), True)
            error = error_from_call(status, self._target, InvalidRecord)
            return CallEnd(error, status.code() in OF_A_BREAK)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return CallEnd(Unavailable(f"the client of {self._target} was closed"), True)
        finally:
            writing.cancel()
            self._call.cancel()
            await asyncio.gather(writing, return_exceptions=True)
        return CallEnd(None, True)

    async def _write(self) -> None:
        try:
            while (message := await self._outbox.get()) is not None:
                await self._call.write(message)
            await self._call.done_writing()
        except Exception:
            # The call is over, and `run` knows why; gRPC has many exceptions for it, some of them private.
            return
