"""A mesh with two of everything that there may be two of, each part a process that a test may kill.

Everybody reaches the first collector through a `Partition`.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType

import grpc
import psutil

from hedgerow.client.registry import AsyncRegistry
from hedgerow.local.environment import environment_of
from hedgerow.local.folder import Folder, temporary_folder
from hedgerow.local.ports import HOST, Ports
from hedgerow.local.process import ServiceProcess
from hedgerow.local.valkey import Valkey
from hedgerow.v1.execution_pb2 import HostState
from hedgerow.v1.state_pb2 import GetStateRequest, GetStateResponse
from hedgerow.v1.state_pb2_grpc import StateServiceStub
from tests.end_to_end.partition import Partition
from tests.support import wait_until

PARTS = (
    "registry",
    "collector-1",
    "collector-2",
    "executor-1",
    "executor-2",
    "router-1",
    "router-2",
)
_TESTS = Path(__file__).parents[1]
PYTHONPATH = os.pathsep.join([str(_TESTS / "plugins"), str(_TESTS.parent)])
"""Of the processes: the format of the tests, and the code beside them, wherever else one is installed."""

_OURS = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z \[(debug|info|warning|error) *\] ")
_READY_SECONDS = 45.0
_SETTINGS = {
    "PYTHONPATH": PYTHONPATH,
    "HEDGEROW_COLLECTOR_KEEP_EARLY": "500ms",
    # The tests kill hosts on purpose, and often.
    "HEDGEROW_EXECUTOR_QUARANTINE_DEATHS": "100",
}
NONE: Mapping[str, str] = MappingProxyType({})


class Cluster:
    """The parts of a mesh."""

    def __init__(self, folder: Folder, settings: Mapping[str, str]) -> None:
        self._settings = {**_SETTINGS, **settings}
        self._folder = folder
        self.ports = Ports.free()
        self.log = Valkey(folder.log, self.ports.log)
        self._through = Ports.free().collector
        self._parts = {name: self._part(folder, name) for name in PARTS}
        direct = int(self._parts["collector-1"].address.rpartition(":")[2])
        self.partition = Partition(direct)
        self.registry = AsyncRegistry(self.address("registry"))

    def _part(self, folder: Folder, name: str) -> ServiceProcess:
        service = name.partition("-")[0]
        port = getattr(Ports.free(), service)
        prefix = f"HEDGEROW_{service.upper()}_"
        environment = environment_of(service, self.ports, folder, self._settings)
        environment[f"{prefix}PORT"] = str(port)
        if name == "collector-1":
            environment[f"{prefix}ADVERTISE"] = f"{HOST}:{self._through}"
        if service == "executor":
            environment[f"{prefix}CACHE_DIR"] = str(folder.models / name)
        return ServiceProcess(service, f"{HOST}:{port}", environment, folder.log_file(name))

    def address(self, part: str) -> str:
        return self._parts[part].address

    async def start(self) -> None:
        await self.log.start(_READY_SECONDS)
        await self.partition.start(self._through)
        await asyncio.gather(*(self.start_part(name) for name in PARTS))

    def foreign_lines(self) -> list[str]:
        """What the parts have written that is no line of their logs: stacks, warnings, gRPC's own words."""
        found = []
        for name in PARTS:
            lines = self._folder.log_file(name).read_text().splitlines()
            for number, line in enumerate(lines, start=1):
                if not _OURS.match(line):
                    found.append(f"{name}, line {number} of its log: {line!r}")
        return found

    def keep_logs(self, folder: Path) -> None:
        """Copy the logs of the parts to a folder."""
        shutil.copytree(self._folder.logs, folder, dirs_exist_ok=True)

    async def stop(self) -> None:
        await self.registry.close()
        await asyncio.gather(*(part.stop(3.0) for part in self._parts.values()))
        await self.partition.stop()
        await self.log.stop(3.0)

    async def start_part(self, name: str) -> None:
        await self._parts[name].start()
        await self._parts[name].wait_until_ready(_READY_SECONDS)

    async def kill(self, name: str) -> None:
        """`kill -9` the process of a part, and wait for its end; what it had started must end by itself."""
        os.kill(self._parts[name].pid, signal.SIGKILL)
        await self._parts[name].wait()

    async def terminate(self, name: str) -> str:
        """Ask the process of a part to end; return how it did."""
        os.kill(self._parts[name].pid, signal.SIGTERM)
        return await self._parts[name].wait()

    def said(self, name: str, sentence: str) -> int:
        """How often a part has logged something."""
        return self._folder.log_file(name).read_text().count(sentence)

    async def restart(self, name: str) -> None:
        """Start a part again that has ended."""
        await self._parts[name].stop(0)
        await self.start_part(name)

    def pids(self, name: str) -> set[int]:
        """The process of a part and all that it has started."""
        process = psutil.Process(self._parts[name].pid)
        return {process.pid, *(child.pid for child in process.children(recursive=True))}

    async def state(self, part: str, data_type: str = "", mesh: bool = False) -> GetStateResponse:
        async with grpc.aio.insecure_channel(self.address(part)) as channel:
            return await StateServiceStub(channel).GetState(
                GetStateRequest(data_type=data_type, mesh=mesh)
            )

    async def host_pids(self, executor: str, model: str = "") -> list[int]:
        """The processes of a model's hosts that serve on an executor; of all models without one."""
        hosts = (await self.state(executor)).hosts
        serving = [h for h in hosts if h.state == HostState.HOST_STATE_SERVING]
        return [h.pid for h in serving if model in ("", h.model.descriptor.name)]

    async def wait_for_hosts(self, models: Sequence[str]) -> None:
        """Wait until both routers can use a host of each model on both executors, and no other."""

        async def there() -> bool:
            for router in ("router-1", "router-2"):
                hosts = (await self.state(router)).hosts
                usable = [h for h in hosts if h.state == HostState.HOST_STATE_SERVING]
                names = sorted(host.model.descriptor.name for host in usable)
                if names != sorted([*models, *models]):
                    return False
            return True

        await wait_until(there, "all hosts serve on both executors", timeout=45)

    async def wait_for_collectors(self) -> None:
        """Wait until both routers reach both collectors."""

        async def there() -> bool:
            states = [await self.state(router) for router in ("router-1", "router-2")]
            gauges = [{gauge.name: gauge.value for gauge in state.gauges} for state in states]
            return all(found["collectors_reachable"] == 2 for found in gauges)

        await wait_until(there, "both routers reach both collectors", timeout=20)

    async def wait_until_empty(self) -> None:
        """Wait until nothing is left of any task, anywhere."""

        async def empty() -> bool:
            parts = ("router-1", "router-2", "collector-1", "collector-2")
            states = [await self.state(part) for part in parts]
            return not any(left_in(state) for state in states)

        await wait_until(empty, "nothing is left of any task", timeout=15)


def left_in(state: GetStateResponse) -> dict[str, float]:
    """Return what a service has that should go with the tasks it belongs to."""
    stays = {"collectors_reachable"}
    return {g.name: g.value for g in state.gauges if g.value and g.name not in stays}


@asynccontextmanager
async def started_cluster(settings: Mapping[str, str] = NONE) -> AsyncIterator[Cluster]:
    """Start a cluster in a folder of its own; stop it at the end, if it has not been stopped."""
    with temporary_folder() as folder:
        cluster = Cluster(folder, settings)
        try:
            await cluster.start()
            yield cluster
        finally:
            await asyncio.shield(cluster.stop())


@asynccontextmanager
async def running_cluster(settings: Mapping[str, str] = NONE) -> AsyncIterator[Cluster]:
    """The same for tests: nothing but log lines may have been written, up to the end."""
    async with started_cluster(settings) as cluster:
        yield cluster
        await asyncio.shield(cluster.stop())
        foreign = cluster.foreign_lines()
        assert not foreign, "\n".join(foreign[:40])
