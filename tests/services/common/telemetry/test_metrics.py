"""What Prometheus reads of a service."""

from __future__ import annotations

import asyncio
import socket
import urllib.request
from typing import Any

import grpc
import pytest

from hedgerow.errors import Unavailable
from hedgerow.v1.execution_pb2 import Host, HostState
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion
from hedgerow.v1.state_pb2 import Gauge, GetStateResponse
from hedgerow.v1.streams_pb2 import StreamState
from services.common.service import Service
from services.common.settings import ServiceSettings
from services.common.telemetry import Tracing
from services.common.telemetry.metrics import Metrics
from tests.support import serving


class Told(Service):
    """A service with a gauge and two hosts of one version."""

    name = "told"
    services = ()

    def __init__(self) -> None:
        super().__init__(Tracing("told"))
        self.refusal: Exception | None = None
        self.value = 3.0
        self.log_problem = ""

    def add_to(self, server: grpc.aio.Server) -> None:
        """Nothing."""

    async def start(self, address: str) -> None:
        """Nothing."""

    async def fill(self, response: GetStateResponse, data_type: str) -> None:
        asyncio.get_running_loop()  # raises outside of it
        if self.refusal is not None:
            raise self.refusal
        response.log_problem = self.log_problem
        response.gauges.append(Gauge(name="tasks_in_flight", value=self.value))
        response.streams.append(
            StreamState(data_type="wine", partition="3", waiting=7, dead_letters=2, paused="full")
        )
        response.streams[0].oldest.FromMilliseconds(1500)
        tree = ModelVersion(descriptor=ModelDescriptor(data_type="wine", name="tree"), version=2)
        for _ in range(2):
            response.hosts.append(Host(model=tree, state=HostState.HOST_STATE_SERVING))


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
    return port


async def scrape(port: int) -> str:
    def read() -> bytes:
        answer: Any = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10)
        with answer:
            said: bytes = answer.read()
        return said

    return (await asyncio.to_thread(read)).decode()


async def test_gauges_hosts_and_the_process_are_told_as_they_are_now() -> None:
    service, port = Told(), free_port()
    async with serving(service, ServiceSettings(metrics_port=port)):
        said = await scrape(port)
        assert "\nhedgerow_told_tasks_in_flight 3.0\n" in said
        labels = 'data_type="wine",model="tree",state="serving",version="2"'
        assert f"hedgerow_told_hosts{{{labels}}} 2.0" in said
        of_stream = {
            "waiting": 7.0,
            "oldest_seconds": 1.5,
            "in_flight": 0.0,
            "scores": 0.0,
            "dead_letters": 2.0,
            "paused": 1.0,
        }
        for what, value in of_stream.items():
            line = f'hedgerow_told_stream_{what}{{data_type="wine",partition="3"}} {value}'
            assert line in said
        assert "process_resident_memory_bytes " in said
        service.value = 5.0
        assert "\nhedgerow_told_tasks_in_flight 5.0\n" in await scrape(port)
    with pytest.raises(OSError, match="refused"):
        await scrape(port)


async def test_whether_something_is_wrong_with_the_log_is_told() -> None:
    service, port = Told(), free_port()
    async with serving(service, ServiceSettings(metrics_port=port)):
        assert "\nhedgerow_told_log_problem 0.0\n" in await scrape(port)
        service.log_problem = "the log was emptied"
        assert "\nhedgerow_told_log_problem 1.0\n" in await scrape(port)


async def test_a_state_that_cannot_be_told_harms_one_scrape_and_no_more() -> None:
    service, port = Told(), free_port()
    async with serving(service, ServiceSettings(metrics_port=port)):
        service.refusal = KeyError("of ours")
        with pytest.raises(OSError, match="500"):
            await scrape(port)
        service.refusal = None
        assert "hedgerow_told_tasks_in_flight" in await scrape(port)


async def test_a_port_that_somebody_has_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        metrics = Metrics("told", Told().fill)
        with pytest.raises(Unavailable, match=f"metrics cannot be served on 127.0.0.1:{port}"):
            metrics.serve("127.0.0.1", port)
        metrics.close()
