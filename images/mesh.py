"""A mesh of containers on loopback; its log is the Valkey server that a local mesh has."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from hedgerow.local.ports import HOST, Ports
from hedgerow.local.valkey import Valkey
from images.building import name_of
from images.containers import Container, End
from images.engines import Engine, Problem

SERVICES = ("registry", "collector", "executor", "router")
_STOP_ORDER = ("router", "executor", "collector", "registry")

# What docs/deploy.md says is written, and no more.
WRITABLE = {
    "registry": ("/tmp", "/var/lib/hedgerow/spool"),  # noqa: S108 - of the container
    "collector": (),
    "executor": ("/tmp", "/var/lib/hedgerow/models"),  # noqa: S108
    "router": (),
}
_READY_SECONDS = 90.0
_LINES = 5
_POLL_SECONDS = 0.2


class ContainerMesh:
    """One container a service, and the log."""

    def __init__(self, engine: Engine, tag: str, options: Sequence[str]) -> None:
        self.ports = Ports.free()
        self._options = options
        self._log = Valkey(port=self.ports.log)
        self._containers = {
            service: Container(
                engine,
                f"hedgerow-check-{os.getpid()}-{service}",
                name_of("executor" if service == "executor" else "service", tag),
            )
            for service in SERVICES
        }

    @property
    def executor(self) -> Container:
        """The container with the hosts."""
        return self._containers["executor"]

    async def start(self) -> None:
        """Start everything and return when it serves."""
        await self._log.start()
        for service, container in self._containers.items():
            self._launch(container, service)
        for service in SERVICES:
            await self._ready(service)

    def end(self, within: float) -> Iterator[tuple[str, End]]:
        """End every service by SIGTERM, in the order in which a local mesh does.

        Raises Problem if one takes longer than so many seconds.
        """
        for service in _STOP_ORDER:
            yield service, self._containers[service].end(within)

    def last_words(self) -> Iterator[str]:
        """Return the last lines of each service."""
        for service, container in self._containers.items():
            with suppress(Problem):  # it may not have been started
                yield from (
                    f"{service}: {line}" for line in container.said().splitlines()[-_LINES:]
                )

    async def leave_nothing(self) -> None:
        """Remove whatever is left."""
        for container in self._containers.values():
            container.remove()
        await self._log.stop()

    def _launch(self, container: Container, service: str) -> None:
        prefix = f"HEDGEROW_{service.upper()}"
        environment = {
            "HEDGEROW_LOG_URL": self._log.url,
            f"{prefix}_HOST": HOST,
            f"{prefix}_PORT": str(getattr(self.ports, service)),
        }
        # The executor's image runs the only thing it can.
        arguments = [] if service == "executor" else [f"services.{service}"]
        container.start(arguments, environment, WRITABLE[service], self._options)

    async def _ready(self, service: str) -> None:
        end = time.monotonic() + _READY_SECONDS
        async with grpc.aio.insecure_channel(self.ports.address(service)) as channel:
            stub = health_pb2_grpc.HealthStub(channel)
            while not await _serves(stub):
                if time.monotonic() > end:
                    raise Problem(f"the {service} does not serve")
                await asyncio.sleep(_POLL_SECONDS)


async def _serves(stub: Any) -> bool:
    try:
        response = await stub.Check(health_pb2.HealthCheckRequest(), timeout=1)
    except grpc.aio.AioRpcError:
        return False
    return bool(response.status == health_pb2.HealthCheckResponse.SERVING)
