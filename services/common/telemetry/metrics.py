"""What a service tells Prometheus: the gauges of its state, its hosts, and its process.

Asked by StateService or by Prometheus, a service says the same (`Service.fill`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Metric, ProcessCollector, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from hedgerow.errors import Unavailable
from hedgerow.v1.execution_pb2 import Host, HostState
from hedgerow.v1.state_pb2 import GetStateResponse
from hedgerow.v1.streams_pb2 import StreamState
from services.common.seconds import seconds_of

_PATIENCE_SECONDS = 5.0
"""A loop that is busy for longer has Prometheus note that the service gave nothing."""

_LABELS = ("data_type", "model", "version", "state")


class Metrics(Collector):
    """Serves what `fill` says. Made on the service's event loop, on which `fill` is called."""

    def __init__(
        self, service: str, fill: Callable[[GetStateResponse, str], Coroutine[Any, Any, None]]
    ) -> None:
        self._service = service
        self._fill = fill
        self._loop = asyncio.get_running_loop()
        self._registry = CollectorRegistry()
        self._server: WSGIServer | None = None
        self._thread: Thread | None = None
        ProcessCollector(registry=self._registry)
        self._registry.register(self)

    def serve(self, host: str, port: int) -> None:
        """Answer on a port, 0 for not at all. Raises Unavailable if it cannot be had."""
        if not port:
            return
        try:
            self._server, self._thread = start_http_server(port, host, self._registry)
        except OSError as error:
            raise Unavailable(
                f"metrics cannot be served on {host}:{port} ({error.strerror})"
            ) from error

    def close(self) -> None:
        """Stop answering. Not to be called on the event loop, which an answer may wait for."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def describe(self) -> Iterable[Metric]:
        """Nothing is known before it is asked for."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Ask the service. In a thread of its own, for scrapes are not the loop's business."""
        asked = asyncio.run_coroutine_threadsafe(self._state(), self._loop)
        try:
            state = asked.result(_PATIENCE_SECONDS)
        finally:
            asked.cancel()
        problem = f"hedgerow_{self._service}_log_problem"
        yield GaugeMetricFamily(
            problem, "1 if something is wrong with the log", value=bool(state.log_problem)
        )
        for gauge in state.gauges:
            name = f"hedgerow_{self._service}_{gauge.name}"
            yield GaugeMetricFamily(name, f"{gauge.name.replace('_', ' ')} now", value=gauge.value)
        if state.hosts:
            yield _hosts(f"hedgerow_{self._service}_hosts", state.hosts)
        if state.streams:
            yield from _streams(f"hedgerow_{self._service}_stream", state.streams)

    async def _state(self) -> GetStateResponse:
        state = GetStateResponse()
        await self._fill(state, "")
        return state


def _streams(name: str, streams: Sequence[StreamState]) -> Iterator[Metric]:
    """Of the partitions that a router reads; another router that reads one of them says the same."""
    for what, meaning, value in _OF_STREAMS:
        metric = GaugeMetricFamily(f"{name}_{what}", meaning, labels=("data_type", "partition"))
        for stream in streams:
            metric.add_metric((stream.data_type, stream.partition), value(stream))
        yield metric


_OF_STREAMS: tuple[tuple[str, str, Callable[[StreamState], float]], ...] = (
    ("waiting", "entries of records that no router has read", lambda s: s.waiting),
    (
        "oldest_seconds",
        "since when the oldest entry that is not settled has been there",
        lambda s: seconds_of(s.oldest),
    ),
    ("in_flight", "entries that routers have read and not settled", lambda s: s.in_flight),
    ("scores", "scores that are kept", lambda s: s.scores),
    ("dead_letters", "records that could not be scored", lambda s: s.dead_letters),
    ("paused", "1 if it stands still", lambda s: bool(s.paused)),
)


STREAM_METRICS = tuple(what for what, _, _ in _OF_STREAMS)
"""Without the prefix `hedgerow_router_stream_`."""


def _hosts(name: str, hosts: Iterable[Host]) -> Metric:
    counts = Counter(
        (
            host.model.descriptor.data_type,
            host.model.descriptor.name,
            str(host.model.version),
            HostState.Name(host.state).removeprefix("HOST_STATE_").lower(),
        )
        for host in hosts
    )
    metric = GaugeMetricFamily(name, "model hosts now, by version and state", labels=_LABELS)
    for labels, count in counts.items():
        metric.add_metric(labels, count)
    return metric
