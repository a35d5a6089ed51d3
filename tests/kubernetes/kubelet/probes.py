"""Probes: one asks, again and again, and a count says what its answers mean."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub

from tests.kubernetes.kubelet.container import Container

Ask = Callable[[float], Awaitable[bool]]
"""Asks once, for so many seconds at the most."""


class Probe:
    """What a manifest says of a probe, with Kubernetes' defaults."""

    def __init__(self, said: Mapping[str, Any], ask: Ask) -> None:
        self.period = float(said.get("periodSeconds", 10))
        self.timeout = float(said.get("timeoutSeconds", 1))
        self.delay = float(said.get("initialDelaySeconds", 0))
        self._failures_allowed = int(said.get("failureThreshold", 3))
        self._successes_needed = int(said.get("successThreshold", 1))
        self._ask = ask
        self._failures = self._successes = 0

    async def once(self) -> bool | None:
        """Ask; return what is so from now on, None if that has not changed yet."""
        if await self._ask(self.timeout):
            self._failures, self._successes = 0, self._successes + 1
            return True if self._successes >= self._successes_needed else None
        self._failures, self._successes = self._failures + 1, 0
        return False if self._failures >= self._failures_allowed else None


def asker(
    said: Mapping[str, Any],
    address: str,
    ports: Mapping[str, int],
    container: Container,
    environment: list[str],
) -> Ask:
    """Return what asks as a manifest says."""
    if "grpc" in said:
        port, service = said["grpc"]["port"], said["grpc"].get("service", "")
        return lambda seconds: _health(f"{address}:{port}", service, seconds)
    if "tcpSocket" in said:
        port = said["tcpSocket"]["port"]
        number = ports[port] if isinstance(port, str) else port
        return lambda seconds: _connects(address, number, seconds)
    command = said["exec"]["command"]
    return lambda seconds: container.run(command, environment, seconds)


async def _health(address: str, service: str, seconds: float) -> bool:
    options = [("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        try:
            request = HealthCheckRequest(service=service)
            stub: Any = HealthStub(channel)
            response = await stub.Check(request, timeout=seconds)
        except grpc.aio.AioRpcError:
            return False
        return bool(response.status == HealthCheckResponse.SERVING)


async def _connects(address: str, port: int, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(address, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
