"""A local mesh for one scene: every service a process, as `hedgerow up` would start it."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import MappingProxyType

import psutil

from bench.models import BenchModel
from bench.payload import DATA_TYPE
from hedgerow.client.registry import AsyncRegistry
from hedgerow.client.state import get_state
from hedgerow.formats import ModelFactory
from hedgerow.formats.factories import factories
from hedgerow.local.environment import environment_of
from hedgerow.local.folder import Folder, temporary_folder
from hedgerow.local.mesh import READY_SECONDS, LocalMesh
from hedgerow.local.ports import HOST, Ports
from hedgerow.local.process import ServiceProcess
from hedgerow.v1.execution_pb2 import Host, HostState
from hedgerow.v1.plans_pb2 import Plan
from hedgerow.v1.state_pb2 import GetStateResponse, ModelWork

_PLUGINS = Path(__file__).parents[1] / "tests" / "plugins"
_SERVING_SECONDS = 60.0
_MOVING_SECONDS = 60.0
_STOP_SECONDS = 8.0
_POLL_SECONDS = 0.05
_MOVES = ("it is new", "what a record takes", "others that it is to live with")
"""What is told of versions that will not stay alone."""


PACKED: Mapping[str, str] = MappingProxyType({"HEDGEROW_EXECUTOR_PACK_AFTER": "1s"})
"""For scenes that measure a mesh as it is in the long run: light versions share a process soon."""


class NotServing(Exception):
    """A model that was pushed does not serve."""


class Mesh:
    """A mesh that runs."""

    def __init__(
        self,
        local: LocalMesh,
        registry: AsyncRegistry,
        executors: Sequence[str],
        another: Callable[[str], ServiceProcess],
    ) -> None:
        self.another = another
        """Returns one more process of a service, which is not started. It ends with the mesh."""
        self.spare = another("executor")
        """An executor that has not been started."""
        self.ports = local.ports
        self.registry = registry
        """For what is pushed without waiting until it serves."""
        self._local = local
        self._executors = executors

    @property
    def address(self) -> str:
        """Where records are scored."""
        return self._local.ports.address("router")

    @property
    def log_port(self) -> int:
        """Where the log is, on loopback."""
        return self._local.ports.log

    async def push(self, model: BenchModel, description: str = "") -> None:
        """Push a model and return when the router has all hosts of that version. Raises NotServing."""
        pushed = await self.registry.push_model(model.definition, **model.said(description))
        wanted = (model.name, pushed.model.version)
        end = time.monotonic() + _SERVING_SECONDS
        while (hosts := await self._serving()).count(wanted) < len(self._executors):
            if time.monotonic() > end:
                name, version = wanted
                raise NotServing(f"{name}@{version} does not serve; there are {sorted(hosts)}")
            await asyncio.sleep(_POLL_SECONDS)

    async def settled(self) -> None:
        """Return when versions that are to share a process do. Raises NotServing."""
        end = time.monotonic() + _MOVING_SECONDS
        while not await self._is_settled():
            if time.monotonic() > end:
                raise NotServing("versions still move from one process to another")
            await asyncio.sleep(_POLL_SECONDS)

    async def _is_settled(self) -> bool:
        """Tell whether nothing loads or drains, and the log knows of each version whether it shares."""
        for address in self._executors:
            state = await get_state(address, DATA_TYPE)
            if any(h.state != HostState.HOST_STATE_SERVING for h in state.hosts):
                return False
            if any(h.alone.startswith(_MOVES) for h in state.hosts):
                return False
        return True

    async def apply(self, plan: Plan) -> None:
        """Put a plan into force and return when the router follows it."""
        revision = (await self.registry.apply_plan(plan)).plan.revision
        while True:
            plans = (await self._state("router")).plans
            if any(known.revision >= revision for known in plans):
                return
            await asyncio.sleep(_POLL_SECONDS)

    async def processes(self) -> dict[str, psutil.Process]:
        """Return every process by what it is."""
        found = {name: psutil.Process(pid) for name, pid in self._local.processes.items()}
        hosts: dict[int, list[Host]] = {}
        for host in (await self._state("executor")).hosts:
            hosts.setdefault(host.pid, []).append(host)
        for child in found["executor"].children(recursive=True):
            found[_describe(child, hosts.get(child.pid, []))] = child
        return found

    async def hosts(self, name: str) -> list[int]:
        """Return the processes of all hosts of a model that the router can use."""
        hosts = (await self._state("router")).hosts
        return [host.pid for host in hosts if _is_serving(host, name)]

    async def work(self) -> Work:
        """Return what all hosts of all models have done so far."""
        states = [await get_state(address) for address in self._executors]
        return Work.of([work for state in states for work in state.work])

    async def _serving(self) -> list[tuple[str, int]]:
        """Return the model version of each host that the router can use."""
        return [
            (host.model.descriptor.name, host.model.version)
            for host in (await self._state("router")).hosts
            if host.state == HostState.HOST_STATE_SERVING
        ]

    async def _state(self, service: str) -> GetStateResponse:
        return await get_state(self._local.ports.address(service), DATA_TYPE)


@dataclass(frozen=True, slots=True)
class Work:
    """What hosts have done: rows scored and dropped, and seconds of scoring."""

    scored: dict[str, int]
    """Rows, by the model's name."""
    dropped: int
    seconds: float

    @classmethod
    def of(cls, works: Iterable[ModelWork]) -> Work:
        """Add up what several hosts have done."""
        scored: Counter[str] = Counter()
        dropped, seconds = 0, 0.0
        for work in works:
            scored[work.name] += work.rows_scored
            dropped += work.rows_dropped
            seconds += work.scoring.ToNanoseconds() / 1e9
        return cls(dict(scored), dropped, seconds)

    def since(self, before: Work) -> Work:
        """Return what was done after `before`."""
        scored = {name: rows - before.scored.get(name, 0) for name, rows in self.scored.items()}
        return Work(scored, self.dropped - before.dropped, self.seconds - before.seconds)


@asynccontextmanager
async def start_mesh(
    executors: int = 1,
    environment: Mapping[str, str] | None = None,
    folder: Folder | None = None,
) -> AsyncIterator[Mesh]:
    """Run a mesh on free ports, with nothing in it, or with what one before has left in a folder."""
    said = {**_environment(), **(environment or {})}
    async with AsyncExitStack() as stack:
        folder = folder or stack.enter_context(temporary_folder())
        local = LocalMesh(folder, Ports.free(), lambda *_: None, said)
        stack.push_async_callback(local.stop)
        await local.start()
        addresses = [local.ports.address("executor")]
        numbers = count(1)

        def another(service: str) -> ServiceProcess:
            process = _process(service, local.ports, folder, said, next(numbers))
            stack.push_async_callback(process.stop, _STOP_SECONDS)
            return process

        for _ in range(1, executors):
            executor = another("executor")
            await executor.start()
            await executor.wait_until_ready(READY_SECONDS)
            addresses.append(executor.address)
        registry = await stack.enter_async_context(AsyncRegistry(local.ports.address("registry")))
        yield Mesh(local, registry, addresses, another)


def _process(
    service: str, ports: Ports, folder: Folder, environment: Mapping[str, str], number: int
) -> ServiceProcess:
    """Return one more process of a service of a mesh; it is not started."""
    port = getattr(Ports.free(), service)
    said = environment_of(service, ports, folder, environment)
    said[f"HEDGEROW_{service.upper()}_PORT"] = str(port)
    log = folder.log_file(f"{service}-{number}")
    return ServiceProcess(service, f"{HOST}:{port}", said, log)


def _is_serving(host: Host, name: str) -> bool:
    return host.model.descriptor.name == name and host.state == HostState.HOST_STATE_SERVING


def _environment() -> dict[str, str]:
    """Return what lets the services find the format `constant`."""
    inherited = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([str(_PLUGINS), *([inherited] if inherited else [])])}


def _describe(process: psutil.Process, hosts: Sequence[Host]) -> str:
    if hosts:
        names = [f"{host.model.descriptor.name}@{host.model.version}" for host in hosts]
        return f"host of {', '.join(names)} ({hosts[0].model.descriptor.model_type})"
    command = " ".join(process.cmdline())
    if "multiprocessing.forkserver" in command:
        # Each imports the engine of its formats before the last module.
        engines = [f.model_type for f in factories().values() if _preloads(command, f)]
        return f"executor's fork server ({', '.join(engines) or 'no engine'})"
    if "resource_tracker" in command:
        return "executor's resource_tracker"
    return f"executor's {process.name()} {process.pid}"


def _preloads(command: str, factory: ModelFactory) -> bool:
    """Tell by its command whether a fork server imports a format's engine."""
    return bool(factory.preload) and all(repr(module) in command for module in factory.preload)
