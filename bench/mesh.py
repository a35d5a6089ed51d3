"""A local mesh for one scene: every service a process, as `hedgerow up` would start it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import psutil

from bench.models import BenchModel
from bench.payload import DATA_TYPE
from hedgerow.local.folder import temporary_folder
from hedgerow.local.mesh import LocalMesh
from hedgerow.local.ports import Ports
from hedgerow.registry_client import AsyncRegistry
from hedgerow.v1.execution_pb2 import Host, HostState
from hedgerow.v1.plans_pb2 import Plan
from hedgerow.v1.state_pb2 import QueryRequest, QueryResponse

_QUERY = "/hedgerow.v1.StateService/Query"
_PLUGINS = Path(__file__).parents[1] / "tests" / "plugins"
_SERVING_SECONDS = 60.0
_POLL_SECONDS = 0.05


class NotServing(Exception):
    """A model that was pushed does not serve."""


class Mesh:
    """A mesh that runs."""

    def __init__(self, local: LocalMesh, registry: AsyncRegistry) -> None:
        self._local = local
        self._registry = registry

    @property
    def address(self) -> str:
        """Where records are scored."""
        return self._local.ports.address("router")

    async def push(self, model: BenchModel, description: str = "") -> None:
        """Push a model and return when the router has a host of that version. Raises NotServing."""
        pushed = await self._registry.push_model(model.definition, **model.said(description))
        wanted = (model.name, pushed.model.version)
        end = time.monotonic() + _SERVING_SECONDS
        while wanted not in (hosts := await self._serving()):
            if time.monotonic() > end:
                name, version = wanted
                raise NotServing(f"{name}@{version} does not serve; there are {sorted(hosts)}")
            await asyncio.sleep(_POLL_SECONDS)

    async def apply(self, plan: Plan) -> None:
        """Put a plan into force and return when the router follows it."""
        revision = (await self._registry.apply_plan(plan)).revision
        while True:
            plans = (await self._state("router")).plans
            if any(known.revision >= revision for known in plans):
                return
            await asyncio.sleep(_POLL_SECONDS)

    async def processes(self) -> dict[str, psutil.Process]:
        """Return every process by what it is."""
        found = {name: psutil.Process(pid) for name, pid in self._local.processes.items()}
        hosts = {host.pid: host for host in (await self._state("executor")).hosts}
        for child in found["executor"].children(recursive=True):
            found[_describe(child, hosts.get(child.pid))] = child
        return found

    async def _serving(self) -> set[tuple[str, int]]:
        """Return the model versions that the router knows a host of."""
        return {
            (host.model.descriptor.name, host.model.version)
            for host in (await self._state("router")).hosts
            if host.state == HostState.HOST_STATE_SERVING
        }

    async def _state(self, service: str) -> QueryResponse:
        async with grpc.aio.insecure_channel(self._local.ports.address(service)) as channel:
            query = channel.unary_unary(
                _QUERY, QueryRequest.SerializeToString, QueryResponse.FromString
            )
            response: QueryResponse = await query(QueryRequest(data_type=DATA_TYPE))
            return response


@asynccontextmanager
async def start_mesh() -> AsyncIterator[Mesh]:
    """Run a mesh on free ports, with nothing in it."""
    with temporary_folder() as folder:
        local = LocalMesh(folder, Ports.free(), lambda *_: None, _environment())
        await local.start()
        try:
            async with AsyncRegistry(local.ports.address("registry")) as registry:
                yield Mesh(local, registry)
        finally:
            await local.stop()


def _environment() -> dict[str, str]:
    """Return what lets the services find the format `constant`."""
    inherited = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([str(_PLUGINS), *([inherited] if inherited else [])])}


def _describe(process: psutil.Process, host: Host | None) -> str:
    if host is not None:
        descriptor = host.model.descriptor
        return f"host of {descriptor.name}@{host.model.version} ({descriptor.model_type})"
    command = " ".join(process.cmdline())
    for helper in ("forkserver", "resource_tracker"):
        if helper in command:
            return f"executor's {helper}"
    return f"executor's {process.name()} {process.pid}"
