"""The agent with real hosts: what it starts, it ends, at whatever moment it is asked to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hedgerow.v1.execution_pb2 import Host, HostState
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelEvent, ModelPushed, ModelVersion
from services.common.catalog import Catalog
from services.executor.agent import Agent
from services.executor.definition_cache import DefinitionCache
from services.executor.settings import ExecutorSettings
from tests.services.executor.harness import exists
from tests.support import wait_until


class Rig:
    """An agent on a catalog that a test fills."""

    def __init__(self, folder: Path) -> None:
        self.catalog = Catalog()
        self.announced: list[Host] = []
        settings = ExecutorSettings.model_validate({"loads_at_once": 1})
        self.agent = Agent(
            settings, self.catalog, DefinitionCache(folder, self._fetch), self._announce
        )
        self._said: dict[str, bytes] = {}
        self.pids: set[int] = set()

    def push(self, name: str, version: int = 1, **said: object) -> None:
        model = ModelVersion(
            descriptor=ModelDescriptor(data_type="wine", name=name, model_type="constant"),
            version=version,
            sha256=f"{name}-{version}",
        )
        self._said[model.sha256] = json.dumps({"value": "x", **said}).encode()
        self.catalog.apply("wine", ModelEvent(pushed=ModelPushed(model=model)))
        self.agent.reconcile()

    def states(self) -> dict[str, HostState]:
        return {f"{h.model.descriptor.name}@{h.model.version}": h.state for h in self.announced}

    async def stop(self) -> None:
        self._note_pids()
        async with asyncio.timeout(15):
            await self.agent.drain()
            self._note_pids()
            await self.agent.close()
        assert not [pid for pid in self.pids if pid and exists(pid)]

    def _note_pids(self) -> None:
        self.pids |= {host.pid for host in self.agent.announcements()}

    def _announce(self, hosts: list[Host]) -> None:
        self.announced = hosts

    async def _fetch(self, model: ModelVersion, target: Path) -> None:
        await asyncio.to_thread(target.write_bytes, self._said[model.sha256])


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    made = Rig(tmp_path)
    yield made
    await made.stop()


async def test_a_new_version_serves_before_the_one_before_it_drains(rig: Rig) -> None:
    rig.push("one")
    await wait_until(lambda: rig.states() == {"one@1": HostState.HOST_STATE_SERVING}, "serves")
    seen: list[dict[str, HostState]] = []
    rig.push("one", 2, load_seconds=0.2)

    def taken_over() -> bool:
        if not seen or seen[-1] != rig.states():
            seen.append(rig.states())
        return rig.states() == {"one@2": HostState.HOST_STATE_SERVING}

    await wait_until(taken_over, "the new version serves alone")
    loading = {
        "one@1": HostState.HOST_STATE_SERVING,
        "one@2": HostState.HOST_STATE_LOADING,
    }
    assert loading in seen


async def test_a_version_replaced_while_it_waits_to_load_is_never_started(rig: Rig) -> None:
    rig.push("slow", load_seconds=0.5)
    rig.push("one")  # waits: one loads at a time
    rig.push("one", 2)
    wanted = {"slow@1": HostState.HOST_STATE_SERVING, "one@2": HostState.HOST_STATE_SERVING}
    await wait_until(lambda: rig.states() == wanted, "the newest serves, and nothing else is left")


async def test_an_agent_that_stops_while_it_forks_leaves_no_process(rig: Rig) -> None:
    rig.push("one", load_seconds=5)
    rig.push("two")
    await asyncio.sleep(0)  # the fork has been asked for, and has not answered
    await rig.stop()
    assert not rig.agent.announcements()
