"""Serves loaded models on a free port, until the agent ends it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from multiprocessing.connection import Connection

import grpc
import structlog

from hedgerow.formats import Model
from hedgerow.v1.execution_pb2_grpc import add_ExecutionServiceServicer_to_server
from hedgerow.v1.models_pb2 import ModelVersion
from services.common.addresses import address_of
from services.common.errors import ErrorInterceptor
from services.common.telemetry import Tracing
from services.common.wire import SERVER_OPTIONS
from services.executor.heartbeat import Heartbeat
from services.executor.host.host_spans import HostSpans
from services.executor.host.inbox import Inbox
from services.executor.host.reporter import Reporter
from services.executor.host.scoring import Scorer
from services.executor.host.servicer import HostServicer
from services.executor.host.spec import Failed, HostSpec, Serving

_log = structlog.get_logger()

_BEAT_SECONDS = 0.25
_LAST_WORDS_SECONDS = 1.0
"""The longest that a stream whose router has left may take to end."""


class HostServer:
    """The gRPC endpoint of the model versions of one process."""

    def __init__(
        self,
        spec: HostSpec,
        versions: Sequence[ModelVersion],
        models: Sequence[Model],
        heartbeat: Heartbeat,
        pipe: Connection,
        row_seconds: tuple[float | None, ...] = (None,),
    ) -> None:
        self._spec = spec
        self._row_seconds = row_seconds
        self._heartbeat = heartbeat
        self._pipe = pipe
        self._tracing = Tracing("executor")
        self._reporter = Reporter(versions, self._told)
        spans = HostSpans(self._tracing, versions)
        inbox = Inbox(spec.row_limit, heartbeat.works, spans.dropped)
        scorer = Scorer(models, heartbeat)
        self._servicer = HostServicer(inbox, scorer, self._reporter, spans)
        self._stop = asyncio.Event()
        self._failed = False

    async def run(self) -> int:
        """Serve; return when the agent said DRAIN or is gone, and what was here is done.

        The code to exit with: 1, at once, if what scores or beats has failed, for it will not come back.
        """
        server = grpc.aio.server(interceptors=[ErrorInterceptor()], options=SERVER_OPTIONS)
        add_ExecutionServiceServicer_to_server(self._servicer, server)
        try:
            port = server.add_insecure_port(address_of(self._spec.listen, self._spec.port))
        except RuntimeError:  # all that gRPC says of an address that it cannot have
            reason = f"it cannot listen on {address_of(self._spec.listen, self._spec.port)}"
            self._pipe.send(Failed(f"{reason}; does another process?", is_final=False))
            return 1
        await server.start()
        tasks = [self._start(self._beat(), "beats"), self._start(self._servicer.run(), "scoring")]
        # Any word from the agent means the end, and so does the end of the pipe.
        asyncio.get_running_loop().add_reader(self._pipe.fileno(), self._stop.set)
        # Before the agent may look: else it would see a heart that has not beaten since the fork.
        self._heartbeat.beat()
        self._pipe.send(Serving(address_of(self._spec.advertise, port), self._row_seconds))
        await self._stop.wait()
        asyncio.get_running_loop().remove_reader(self._pipe.fileno())
        drained = not self._failed and await self._drained()
        # Streams that their routers have ended are still to be told their last credit and status.
        await server.stop(_LAST_WORDS_SECONDS if drained else 0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._failed:
            return 1
        await self._reporter.close()
        self._heartbeat.beat()
        await asyncio.to_thread(self._tracing.close)
        return 0

    def _told(self, collector: str, reachable: bool) -> None:
        self._servicer.tell(collector, reachable)

    def _start(self, coroutine: object, name: str) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(coroutine, name=name)  # type: ignore[arg-type]
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Neither ends by itself; if one fails, so does the host, and the agent starts another."""
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("the host has failed and ends", name=task.get_name(), exc_info=error)
            self._failed = True
        self._stop.set()

    async def _drained(self) -> bool:
        """Wait until no router is connected and nothing is left to do; False if the drain time is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._spec.drain_seconds):
                await self._servicer.drain()
                return True
        return False

    async def _beat(self) -> None:
        while True:
            self._heartbeat.beat()
            await asyncio.sleep(_BEAT_SECONDS)
