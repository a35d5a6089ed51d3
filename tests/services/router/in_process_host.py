"""A host without its process: a test can hold it back, end it, and see what it scored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import grpc
import numpy as np

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.data.records import Batch
from hedgerow.formats import Model
from hedgerow.v1.execution_pb2 import Host, HostState
from hedgerow.v1.execution_pb2_grpc import add_ExecutionServiceServicer_to_server
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion
from services.common.telemetry import Tracing
from services.common.wire import SERVER_OPTIONS
from services.executor.host.host_spans import HostSpans
from services.executor.host.inbox import Inbox
from services.executor.host.reporter import Reporter
from services.executor.host.scoring import Scorer
from services.executor.host.servicer import HostServicer
from services.executor.work_done import WorkDone

Says = Callable[[float], tuple[str, float]]
"""What a model says of a record with this value of its only feature: label and confidence."""


class _Model(Model):
    """Says what a test wants, and keeps what it was asked."""

    model_type = "test"

    def __init__(self, descriptor: ModelDescriptor, says: Says) -> None:
        super().__init__(descriptor, b"")
        self._says = says
        self.asked: list[float] = []

    def score(self, batch: Batch, *, explain: bool = False) -> Predictions:
        values = batch.numbers(["ash"])[:, 0].tolist()
        self.asked += values
        said = [self._says(value) for value in values]
        confidences = np.array([confidence for _, confidence in said])
        return Predictions(Labels.of([label for label, _ in said]), confidences)


class InProcessHost:
    """One host; it scores nothing while it is held."""

    def __init__(self, version: ModelVersion, says: Says) -> None:
        self.version = version
        self.model = _Model(version.descriptor, says)
        self.work = WorkDone()
        self.reporter = Reporter(version, lambda *told: self.servicer.tell(*told))
        self.inbox = Inbox(100, self.work)
        self.servicer = HostServicer(
            self.inbox,
            Scorer(self.model, self._scored),
            self.reporter,
            HostSpans(Tracing("executor"), version),
        )
        self.address = ""
        self._server = grpc.aio.server(options=SERVER_OPTIONS)
        self._running: asyncio.Task[None] | None = None

    async def start(self, held: bool) -> None:
        add_ExecutionServiceServicer_to_server(self.servicer, self._server)
        port = self._server.add_insecure_port("127.0.0.1:0")
        await self._server.start()
        self.address = f"127.0.0.1:{port}"
        if not held:
            self.release()

    def release(self) -> None:
        """Score what waits and what comes."""
        self._running = asyncio.create_task(self.servicer.run(), name=f"scores at {self.address}")

    async def hold(self) -> None:
        """Score nothing more until it is released."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    @property
    def cancelled(self) -> int:
        """Tasks that were cancelled while they wait here."""
        return sum(waiting.cancelled for waiting in self.inbox._waiting)

    async def die(self) -> None:
        """End at once, with all that is here."""
        await self.hold()
        await self._server.stop(0)

    async def close(self) -> None:
        await self.die()
        await self.reporter.close()

    def announcement(self) -> Host:
        state = HostState.HOST_STATE_SERVING
        return Host(model=self.version, address=self.address, state=state)

    def _scored(self, rows: int, seconds: float) -> None:
        self.work.rows_scored += rows
        self.work.scoring_seconds += seconds
