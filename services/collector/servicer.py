"""The collector's calls: convert, call, convert."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import grpc

from hedgerow.errors import Unavailable
from hedgerow.v1.collection_pb2 import (
    CollectRequest,
    CollectResponse,
    ReportRequest,
    ReportResponse,
)
from hedgerow.v1.collection_pb2_grpc import CollectionServiceServicer
from services.collector.decisions import Beat, Progress, response_of
from services.collector.inbound import InboundStream
from services.collector.intake import Intake
from services.collector.sessions import Session
from services.collector.tasks.task import Task
from services.common.outbox import Outbox
from services.common.seconds import duration_of

_POLL_SECONDS = 0.01
_BEAT_SECONDS = 0.05
"""A router takes a collector for stopped after some of these, and deadlines are not much longer."""
_STOPPING = "the collector is stopping; use another one"

Context = grpc.aio.ServicerContext[Any, Any]


class CollectionServicer(CollectionServiceServicer):
    """Serves CollectionService. `session` makes what takes one router's frames, given how to answer it."""

    def __init__(
        self, session: Callable[[Callable[[Task | Progress], None]], Session], intake: Intake
    ) -> None:
        self._session = session
        self._intake = intake
        self._routers: dict[InboundStream, Session] = {}
        self._hosts: set[InboundStream] = set()
        self._draining = False
        self._drained = False

    # Writes by itself instead of yielding: decisions fall while frames are read.
    async def Collect(  # type: ignore[override]  # noqa: N802 - gRPC's name
        self, request_iterator: AsyncIterator[CollectRequest], context: Context
    ) -> None:
        """Serve a router."""
        await self._greet(context)
        outbox: Outbox[Task | Progress | Beat, CollectResponse] = Outbox(
            context.write, response_of, "decisions", CollectResponse.ByteSize
        )
        session = self._session(outbox.put)
        stream = InboundStream()
        self._routers[stream] = session
        beating = asyncio.create_task(_beat(outbox.put), name="beats to a router")
        try:
            if not await stream.read(request_iterator, session.take):
                raise Unavailable(_STOPPING)
        finally:
            beating.cancel()
            del self._routers[stream]
            session.end()
            await outbox.close()

    async def Report(  # noqa: N802 - gRPC's name
        self, request_iterator: AsyncIterator[ReportRequest], context: Context
    ) -> AsyncIterator[ReportResponse]:
        """Serve a host."""
        if self._drained:
            raise Unavailable(_STOPPING)
        yield ReportResponse()
        stream = InboundStream()
        self._hosts.add(stream)
        try:
            await stream.read(request_iterator, self._intake.take)
        finally:
            self._hosts.discard(stream)

    async def _greet(self, context: Context) -> None:
        """Tell a router that this collector takes tasks. Raises Unavailable if it does not any more."""
        if not self._draining:
            await context.write(CollectResponse(heartbeat=duration_of(_BEAT_SECONDS)))
        if self._draining:
            raise Unavailable(_STOPPING)

    async def drain(self, patience: timedelta) -> None:
        """End all streams, each router's at a moment when it has no task open if there is one in time."""
        self._draining = True
        loop = asyncio.get_running_loop()
        end = loop.time() + patience.total_seconds()
        while self._routers:
            for stream, session in self._routers.items():
                if not session.open or loop.time() >= end:
                    stream.end()
            await asyncio.sleep(_POLL_SECONDS)
        self._drained = True
        for stream in self._hosts:
            stream.end()


async def _beat(put: Callable[[Beat], None]) -> None:
    beat = Beat()
    while True:
        await asyncio.sleep(_BEAT_SECONDS)
        put(beat)
