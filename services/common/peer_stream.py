"""A stream to another service that is opened, listened to, and opened again when it is lost.

Router to collector, router to executor, router to host and host to collector all talk by one of these.

A stream is *ready* at the first message of the peer, not when it is connected: a peer that is stopping may
still accept connections. When it is lost, the requests that were not written are dropped, the listener is
told with the reason the peer gave, and after a pause it is opened again; pauses double from one failure to
the next and start again once the stream was ready, or when somebody needs the peer (`hurry`). A stream that
is retired goes on as long as it is up, and is not opened again unless it is reinstated before.

Each attempt has a channel and a connection of its own: gRPC pauses between the attempts of one channel too,
and fails calls at once meanwhile, so that two pauses would add up and a peer that is back be refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from typing import Any, Generic, NamedTuple, TypeVar

import grpc

from hedgerow.client.call_status import CallStatus
from services.common.wire import CHANNEL_OPTIONS

Request = TypeVar("Request")
Response = TypeVar("Response")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
"""Seconds between two attempts, each shortened at random by up to a half: peers that lost the same service
should not come back to it at the same moment."""


class StreamEnd(NamedTuple):
    """How a stream ended."""

    reason: str
    """In the peer's own words where it had any."""
    was_ready: bool
    """False: the attempt failed; many in a row may."""
    by_peer: bool
    """The peer ended the stream in good order."""


def _nothing() -> None:
    """Most listeners wait for messages, not for readiness."""


class Listener(NamedTuple):
    """Who is told. All calls happen in the loop; none may raise."""

    received: Callable[[Any], None]
    lost: Callable[[StreamEnd], None]
    """Called at each end of a stream and each attempt that fails; not when it is closed from our side."""
    ready: Callable[[], None] = _nothing
    """Called before the first message is handed on."""
    over: Callable[[], None] = _nothing
    """Called once, when it is not opened again."""


class PeerStream(Generic[Request, Response]):
    """A stream to the service at `address`.

    `method` makes the call on a channel, given the requests. With `reopen` false it is opened once.
    """

    def __init__(
        self,
        address: str,
        method: Callable[[grpc.aio.Channel, AsyncIterator[Request]], Any],
        listener: Listener,
        name: str,
        reopen: bool = True,
    ) -> None:
        self.address = address
        self.is_ready = False
        self._method = method
        self._listener = listener
        self._reopen = reopen
        self._requests: _Requests[Request] = _Requests()
        self._pause = _FIRST_PAUSE
        self._retired = asyncio.Event()
        self._hurried = asyncio.Event()
        self._call: Any = None
        self._task = asyncio.get_running_loop().create_task(self._run(), name=name)

    def send(self, request: Request) -> None:
        """Write a request; while the stream is lost it waits for the next attempt."""
        self._requests.put(request)

    def hurry(self) -> None:
        """The peer is needed: the pause that is on is the shortest one, and so is the next."""
        self._pause = _FIRST_PAUSE
        self._hurried.set()

    def finish(self) -> None:
        """Write what waits and end the requests; the peer then ends the stream. It is not reopened."""
        self._retired.set()
        self._hurried.set()
        self._requests.put(None)

    def retire(self) -> None:
        """Stop using the peer: the stream is over when it is lost, or at once if it is not ready."""
        self._retired.set()
        self._hurried.set()
        if not self.is_ready and self._call is not None:
            self._call.cancel()

    def reinstate(self) -> None:
        """Take `retire` back."""
        self._retired.clear()

    async def close(self) -> None:
        """End the stream now."""
        # gRPC can take a cancellation for the call's and swallow it; then the end of the call is the end.
        self._retired.set()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def wait_over(self) -> None:
        """Wait until it is over."""
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        try:
            await self._attempt()
            while self._may_reopen:
                await self._wait()
                if self._may_reopen:
                    await self._attempt()
        finally:
            self.is_ready = False
            self._listener.over()

    @property
    def _may_reopen(self) -> bool:
        return self._reopen and not self._retired.is_set()

    async def _attempt(self) -> None:
        async with grpc.aio.insecure_channel(self.address, options=CHANNEL_OPTIONS) as channel:
            end = await self._converse(channel, self._requests)
            self._requests.put(None)
            self._requests = _Requests()
            self.is_ready = False
            self._listener.lost(end)

    async def _converse(self, channel: grpc.aio.Channel, requests: _Requests[Request]) -> StreamEnd:
        call = self._call = self._method(channel, requests)
        status = CallStatus(call)
        try:
            async for response in call:
                if not self.is_ready:
                    self.is_ready = True
                    self._pause = _FIRST_PAUSE
                    self._listener.ready()
                self._listener.received(response)
        except grpc.aio.AioRpcError as raised:
            error = status.error(raised)
            return StreamEnd(error.details() or error.code().name, self.is_ready, False)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return StreamEnd("it was retired", self.is_ready, False)
        finally:
            self._call = None
            # What reads the requests for gRPC waits for one more, also when the call is over.
            requests.put(None)
            call.cancel()
        return StreamEnd("ended its stream", self.is_ready, True)

    async def _wait(self) -> None:
        """Pause before the next attempt, or until the stream is retired."""
        share = random.uniform(0.5, 1.0)
        pause, shortest = self._pause * share, _FIRST_PAUSE * share
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        self._hurried.clear()
        await _wait_for(self._retired, shortest)
        await _wait_for(self._hurried, pause - shortest)


async def _wait_for(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


class _Requests(Generic[Request]):
    """What is to be written to one call; None ends it.

    Not an asynchronous generator: gRPC reads it in a task of its own that outlives the call, and a
    generator that is left suspended complains when it is collected.
    """

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Request | None] = asyncio.Queue()
        self._ended = False

    def put(self, request: Request | None) -> None:
        self._queue.put_nowait(request)

    def __aiter__(self) -> AsyncIterator[Request]:
        return self

    async def __anext__(self) -> Request:
        if self._ended or (request := await self._queue.get()) is None:
            self._ended = True
            raise StopAsyncIteration
        return request
