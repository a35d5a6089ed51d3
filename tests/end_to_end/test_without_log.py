"""Services that start while the log is out of reach, and what they do when it, or another, is there."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc

from hedgerow import AsyncClient
from hedgerow.client.registry import AsyncRegistry
from hedgerow.errors import HedgerowError
from hedgerow.local.environment import SERVICES, environment_of
from hedgerow.local.folder import Folder, temporary_folder
from hedgerow.local.ports import Ports
from hedgerow.local.process import ServiceProcess
from hedgerow.local.valkey import Valkey
from hedgerow.plans.plan import plan_from_yaml
from hedgerow.v1.models_pb2 import VERSION_STATE_FAILED
from hedgerow.v1.state_pb2 import GetStateRequest, GetStateResponse
from hedgerow.v1.state_pb2_grpc import StateServiceStub
from tests.end_to_end.cluster import PYTHONPATH
from tests.services.common.log.reading import connected
from tests.support import wait_until

_READY_SECONDS = 45.0
_DATA_TYPE = "wine"
_PLAN = "{data_type: wine, models: [{name: forest}, {name: tree@1}], policy: {deadline: 2s, timeout: {}}}"


BROKEN = "no such layer"
"""Why a version fails."""


class Parts:
    """The parts of a mesh, each at a port of its own that it has again when it starts again."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.ports = Ports.free()
        self.log = Valkey(folder.log, self.ports.log)
        settings = {"PYTHONPATH": PYTHONPATH, "HEDGEROW_EXECUTOR_LOADS_AT_ONCE": "4"}
        self._services = {
            name: ServiceProcess(
                name,
                self.ports.address(name),
                environment_of(name, self.ports, folder, settings),
                folder.log_file(name),
            )
            for name in SERVICES
        }
        self.client = AsyncClient(self.ports.address("router"))
        self.registry = AsyncRegistry(self.ports.address("registry"))

    async def start(self, *names: str, ready: bool = True) -> None:
        await asyncio.gather(*(self._services[name].start() for name in names))
        if ready:
            await asyncio.gather(
                *(self._services[name].wait_until_ready(_READY_SECONDS) for name in names)
            )

    async def kill(self, *names: str) -> None:
        for name in names:
            os.kill(self._services[name].pid, signal.SIGKILL)
            await self._services[name].stop(0)

    async def stop(self) -> None:
        await self.client.close()
        await self.registry.close()
        await asyncio.gather(*(service.stop(3.0) for service in self._services.values()))
        await self.log.stop(3.0)

    async def push(self, name: str, value: str, **more: str) -> None:
        said = {"features": ["a"], "value": value, "classes": ["x", "y", "z"], **more}
        definition = json.dumps(said)
        await self.registry.push_model(
            definition.encode(), data_type=_DATA_TYPE, name=name, model_type="constant"
        )

    async def wait_for(self, value: str, model: str = "") -> None:
        """Wait until a record has an answer, and this one, of this model if one is named."""

        async def so() -> bool:
            try:
                answer = await self.client.score(_DATA_TYPE, {"a": 1.0})
                return answer.value == value and model in ("", answer.model)
            except HedgerowError:
                return False

        await wait_until(so, f"the answer is {value}", timeout=30)

    async def loaded_by_executor(self) -> set[tuple[str, int]]:
        """The versions of which the executor has a process."""
        hosts = (await self._state("executor")).hosts
        return {(host.model.descriptor.name, host.model.version) for host in hosts if host.pid}

    async def problem(self, service: str) -> str:
        """What a service says is wrong with the log."""
        return (await self._state(service)).log_problem

    async def wait_for_problem(self, said: str, *services: str) -> None:
        async def told() -> bool:
            problems = [await self.problem(service) for service in services]
            return all(said in problem if said else not problem for problem in problems)

        await wait_until(told, f"they say {said!r}", timeout=20)

    async def _state(self, service: str) -> GetStateResponse:
        async with grpc.aio.insecure_channel(self.ports.address(service)) as channel:
            return await StateServiceStub(channel).GetState(GetStateRequest())

    async def wait_until_kept(self) -> None:
        """Wait until executor and router have on their disks what they know."""

        def kept() -> bool:
            files = [*self.folder.models.glob("state/*"), *self.folder.state.glob("router*")]
            texts = [file.read_bytes() for file in files]
            addresses = [self.ports.address(name).encode() for name in ("executor", "collector")]
            known = all(b"tree" in text and BROKEN.encode() in text for text in texts)
            met = any(all(address in text for address in addresses) for text in texts)
            return len(files) == 2 and known and met

        await wait_until(kept, "it is on the disks", timeout=20)


@asynccontextmanager
async def parts_that_served() -> AsyncIterator[Parts]:
    """A mesh that has served two models by a plan, and was killed altogether, with its log."""
    with temporary_folder() as folder:
        parts = Parts(folder)
        try:
            await parts.log.start()
            await parts.start(*SERVICES)
            await parts.push("tree", "x")
            await parts.push("forest", "y")
            await parts.wait_for("y", "forest")
            await parts.push("forest", "z", fail_load=BROKEN)
            await parts.registry.apply_plan(plan_from_yaml(_PLAN))
            await parts.wait_for("y")
            await parts.wait_until_kept()
            await parts.kill(*SERVICES)
            await parts.log.stop()
            yield parts
        finally:
            await asyncio.shield(parts.stop())


async def a_named_log(folder: Path, port: int) -> Valkey:
    """A log of another mesh; it is named where nobody finds it without a name, who would give it theirs."""
    elsewhere = Valkey(folder)
    await elsewhere.start()
    async with connected(elsewhere.url) as log:
        await log.rename("another")
    await elsewhere.stop()
    here = Valkey(folder, port)
    await here.start()
    return here


async def test_what_starts_without_the_log_serves_what_it_knew_and_goes_on_with_it(
    tmp_path: Path,
) -> None:
    async with parts_that_served() as parts:
        # The collector remembers nobody, and only who remembers it can find it.
        await parts.start("collector", ready=False)
        await parts.start("executor", "router")
        await parts.wait_for("y")
        await parts.wait_for_problem("the log is out of reach", "executor", "router")

        another = await a_named_log(tmp_path, parts.ports.log)
        await parts.wait_for_problem("the log is that of another mesh", "executor", "router")
        await parts.wait_for("y")
        await another.stop()

        await parts.log.start()
        await parts.start("registry")
        # What failed before everything was restarted is known, and was not tried again.
        broken = await parts.registry.show_model(_DATA_TYPE, "forest", 2)
        assert broken.life.state == VERSION_STATE_FAILED
        assert BROKEN in broken.life.reason
        assert await parts.loaded_by_executor() == {("forest", 1), ("tree", 1)}
        await parts.push("forest", "z")
        await parts.wait_for("z")
        await parts.wait_for_problem("", "executor", "router", "registry")
