"""The stream to one host: what waits for it, what it has, and what is lost when it dies.

The host grants credit; without credit tasks wait here, where they can still be dropped, expire or go to
another host, and where the length of the queue is known.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

import grpc
import structlog

from hedgerow.v1.execution_pb2 import ExecuteRequest, ExecuteResponse, Host
from services.common.wire import CHANNEL_OPTIONS
from services.router.tasks import Task, now_ns

_log = structlog.get_logger()

_EXECUTE = "/hedgerow.v1.ExecutionService/Execute"


class Offer(NamedTuple):
    """A task for one model of its plan; `slot` is the model's place there."""

    task: Task
    slot: int


class HostLink:
    """One host. `ready` is called when it first grants credit, `lost` when its stream has ended.

    A host that is `leaving` finishes what it has; it is closed by `retire` once others can take over.
    """

    def __init__(
        self,
        host: Host,
        frame_tasks: int,
        ready: Callable[[HostLink], None],
        lost: Callable[[HostLink, list[Offer]], None],
    ) -> None:
        self.model = host.model
        self.address = host.address
        self.leaving = False
        self.is_ready = False
        self.retired = False
        self._frame_tasks = frame_tasks
        self._ready = ready
        self._lost = lost
        self._credit = 0
        self._waiting: deque[Offer] = deque()
        self._in_flight: dict[int, list[Offer]] = {}
        self._frames: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._number = 0
        self.outstanding = 0
        self._run_task = asyncio.get_running_loop().create_task(
            self._run(), name=f"host {self.address}"
        )

    def __repr__(self) -> str:
        return f"<host of {self.reference} at {self.address}>"

    @property
    def reference(self) -> str:
        """Its model as `name@version`."""
        return f"{self.model.descriptor.name}@{self.model.version}"

    def offer(self, offers: list[Offer]) -> None:
        """Queue tasks; they leave as soon as the host has credit."""
        self._waiting.extend(offers)
        self.outstanding += len(offers)
        self._pump()

    def retire(self) -> None:
        """Take no more tasks; close the stream when those here are done."""
        self.retired = True
        self._close_if_empty()

    async def close(self) -> None:
        """End the stream now."""
        self.retired = True
        self._run_task.cancel()
        await asyncio.gather(self._run_task, return_exceptions=True)

    # -- writing -----------------------------------------------------------------------------------

    def _pump(self) -> None:
        while self._credit and (offers := self._next_frame()):
            self._credit -= 1
            self._number += 1
            self._in_flight[self._number] = offers
            self._frames.put_nowait(self._encode(offers))
        self._close_if_empty()

    def _next_frame(self) -> list[Offer]:
        """Take the tasks of one frame: alive, and all for one collector."""
        offers: list[Offer] = []
        now = now_ns()
        while self._waiting and len(offers) < self._frame_tasks:
            task = self._waiting[0].task
            if task.done or task.deadline <= now:
                self._waiting.popleft()
                self.outstanding -= 1
                continue
            if offers and task.collector is not offers[0].task.collector:
                break
            offers.append(self._waiting.popleft())
        return offers

    def _encode(self, offers: list[Offer]) -> bytes:
        collector = offers[0].task.collector
        header = ExecuteRequest(
            frame=self._number,
            sent_unix_ns=now_ns(),
            collector=collector.address if collector else "",
        )
        return b"".join([offer.task.encoded for offer in offers]) + header.SerializeToString()

    def _close_if_empty(self) -> None:
        if self.retired and not self._waiting and not self._in_flight:
            self._frames.put_nowait(None)

    # -- the stream --------------------------------------------------------------------------------

    async def _run(self) -> None:
        reason = "ended its stream"
        try:
            async with grpc.aio.insecure_channel(self.address, options=CHANNEL_OPTIONS) as channel:
                # Frames are joined from encoded tasks, so there is nothing to serialize.
                method: grpc.aio.StreamStreamMultiCallable[bytes, ExecuteResponse]
                method = channel.stream_stream(
                    _EXECUTE, response_deserializer=ExecuteResponse.FromString
                )
                async for response in method(self._next()):
                    self._heard(response)
        except grpc.aio.AioRpcError as error:
            reason = error.details() or error.code().name
        finally:
            self._ended(reason)

    async def _next(self) -> AsyncIterator[bytes]:
        while (frame := await self._frames.get()) is not None:
            yield frame

    def _heard(self, response: ExecuteResponse) -> None:
        self._credit += response.credit
        for number in response.done:
            self.outstanding -= len(self._in_flight.pop(number, ()))
        self._pump()
        if not self.is_ready:
            self.is_ready = True
            self._ready(self)

    def _ended(self, reason: str) -> None:
        left = [offer for offers in self._in_flight.values() for offer in offers]
        left += self._waiting
        self._in_flight.clear()
        self._waiting.clear()
        self.outstanding = 0
        self.is_ready = False
        if left or not self.retired:
            _log.info("lost a host", model=self.reference, address=self.address, reason=reason)
        self._lost(self, [offer for offer in left if not offer.task.done])
