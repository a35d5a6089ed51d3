"""A host without its process: a test can hold it back, end it, and see what it scored."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import grpc
import numpy as np

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.data.records import Batch
from hedgerow.formats import Model
from hedgerow.v1.execution_pb2 import ExecuteRequest, Host, HostState
from hedgerow.v1.execution_pb2_grpc import add_ExecutionServiceServicer_to_server
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion
from services.common.clock import Arrival
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


class _Inbox(Inbox):
    """Keeps what it was given."""

    def __init__(self, row_limit: int, works: Sequence[WorkDone]) -> None:
        super().__init__(row_limit, works)
        self.requests: list[ExecuteRequest] = []

    def add(self, request: ExecuteRequest, settle: Callable[[int], None], arrival: Arrival) -> None:
        self.requests.append(request)
        super().add(request, settle, arrival)


class Counting:
    """Counts what models do, and tells nobody."""

    def __init__(self, models: int) -> None:
        self.works = [WorkDone() for _ in range(models)]

    def scores(self, model: int) -> None:
        pass

    def scored(self, model: int, rows: int, tasks: int, seconds: float) -> None:
        self.works[model].scored(rows, tasks, seconds)

    def tries(self, suspects: bool) -> None:
        pass


class InProcessHost:
    """One host, of one version or several; it scores nothing while it is held."""

    def __init__(
        self, version: ModelVersion, says: Says, *others: tuple[ModelVersion, Says]
    ) -> None:
        self.versions = [version, *(other for other, _ in others)]
        self.models = [
            _Model(version.descriptor, says),
            *(_Model(other.descriptor, theirs) for other, theirs in others),
        ]
        self.left: set[int] = set()
        """Numbers of versions that are announced no more."""
        self.meter = Counting(len(self.models))
        self.work = self.meter.works[0]
        self.reporter = Reporter(self.versions, lambda *told: self.servicer.tell(*told))
        self.inbox = _Inbox(100, self.meter.works)
        self.servicer = HostServicer(
            self.inbox,
            Scorer(self.models, self.meter),
            self.reporter,
            HostSpans(Tracing("executor"), self.versions),
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

    @property
    def version(self) -> ModelVersion:
        """Its only version."""
        (version,) = self.versions
        return version

    @property
    def model(self) -> _Model:
        """Its only model."""
        (model,) = self.models
        return model

    def announcement(self) -> Host:
        """Return what is told of its only version."""
        (announced,) = self.announcements()
        return announced

    def announcements(self) -> list[Host]:
        state = HostState.HOST_STATE_SERVING
        return [
            Host(model=version, address=self.address, state=state, number=number)
            for number, version in enumerate(self.versions)
            if number not in self.left
        ]
