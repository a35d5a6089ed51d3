"""The endpoint of a host: frames in, credit out, and the loop that scores what waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import grpc

from hedgerow.v1.execution_pb2 import ExecuteRequest, ExecuteResponse
from hedgerow.v1.execution_pb2_grpc import ExecutionServiceServicer
from services.common.outbox import Outbox
from services.executor.host.inbox import Inbox
from services.executor.host.reports import Reports
from services.executor.host.scoring import Scorer
from services.executor.host.spans import Spans

_CREDIT = 2
"""Frames a router may have here at once: one being scored, and one waiting so that scoring never does."""


class HostServicer(ExecutionServiceServicer):
    """Takes frames from routers and scores them on one model."""

    def __init__(self, inbox: Inbox, scorer: Scorer, reports: Reports, spans: Spans) -> None:
        self._inbox = inbox
        self._scorer = scorer
        self._reports = reports
        self._spans = spans
        self._filled = asyncio.Event()
        self._routers: set[Outbox[ExecuteResponse, ExecuteResponse]] = set()

    # Writes by itself instead of yielding: credit is given while frames are read.
    async def Execute(  # type: ignore[override]  # noqa: N802 - gRPC's name
        self,
        request_iterator: AsyncIterator[ExecuteRequest],
        context: grpc.aio.ServicerContext[ExecuteRequest, ExecuteResponse],
    ) -> None:
        """Read a router's frames until it ends the stream."""
        outbox: Outbox[ExecuteResponse, ExecuteResponse] = Outbox(context.write, _joined)
        self._routers.add(outbox)
        outbox.put(ExecuteResponse(credit=_CREDIT))

        def settle(frame: int) -> None:
            outbox.put(ExecuteResponse(credit=1, done=[frame]))

        try:
            async for request in request_iterator:
                self._inbox.add(request, settle, time.monotonic())
                self._filled.set()
        finally:
            self._routers.discard(outbox)
            await outbox.close()

    async def run(self) -> None:
        """Score what waits, for as long as the host lives."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while len(self._inbox):
                self._score_waiting()
                # One turn of the loop, so that frames which came meanwhile join the next batch.
                await asyncio.sleep(0)

    def _score_waiting(self) -> None:
        for scored in self._scorer.score(self._inbox.take(time.monotonic())):
            self._reports.send(scored)
            self._spans.record(scored)
            for waiting in scored.tasks:
                waiting.frame.settled(1)

    @property
    def idle(self) -> bool:
        """No router is connected and nothing waits."""
        return not self._routers and not len(self._inbox)


def _joined(responses: list[ExecuteResponse]) -> ExecuteResponse:
    """Join what is to be said to a router into one message."""
    if len(responses) == 1:
        return responses[0]
    return ExecuteResponse(
        credit=sum(response.credit for response in responses),
        done=[number for response in responses for number in response.done],
    )
