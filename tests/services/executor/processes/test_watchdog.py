"""Hosts that hang: the agent sees that their hearts beat no more, and kills them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hedgerow.v1.execution_pb2 import HostState
from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion
from services.common.catalog import Catalog
from services.common.recent_versions import VersionKey
from services.executor.processes.host_process import State
from services.executor.processes.watchdog import Watchdog
from services.executor.settings import ExecutorSettings
from tests.services.executor.agent_rig import AgentRig
from tests.support import wait_until

SERVING = {"one@1": HostState.HOST_STATE_SERVING}
FAILED = {"one@1": HostState.HOST_STATE_FAILED}


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[AgentRig]:
    """An agent that watches, and gives a version up when its host has died once."""
    made = AgentRig(tmp_path, quarantine_deaths=1, kill_after_at_least="1s", load_timeout="1500ms")
    watch = asyncio.create_task(made.agent.watch(), name="watches the hosts")
    yield made
    assert not watch.done()
    watch.cancel()
    await asyncio.gather(watch, return_exceptions=True)
    await made.stop()


async def test_a_host_that_hangs_is_killed(rig: AgentRig) -> None:
    rig.push("one")
    await wait_until(lambda: rig.states() == SERVING, "it serves")
    os.kill(rig.announced[0].pid, signal.SIGSTOP)
    await wait_until(lambda: rig.states() == FAILED, "it is given up")
    assert "gave no heartbeat for 1 s and was killed" in rig.announced[0].failure


async def test_a_host_that_hangs_while_it_loads_is_killed(rig: AgentRig) -> None:
    rig.push("one", load_seconds=600)
    await wait_until(lambda: rig.states() == FAILED, "it is given up")
    assert "did not load for 1.5 s and was killed" in rig.announced[0].failure


async def test_a_host_that_hangs_while_it_drains_is_killed_and_counts_as_no_death(
    rig: AgentRig,
) -> None:
    rig.push("one")
    await wait_until(lambda: rig.states() == SERVING, "it serves")
    hangs = rig.announced[0].pid
    rig.push("one", 2)
    os.kill(hangs, signal.SIGSTOP)
    alone = {"one@2": HostState.HOST_STATE_SERVING}
    await wait_until(lambda: rig.states() == alone, "the new version serves alone")


class StubHost:
    """What a watchdog sees of a host; its process and its heart are not what is tested here."""

    def __init__(self) -> None:
        self.pid = 7
        self.keys = (VersionKey("wine", "one", 1),)
        self.fields = {"model": "one"}
        self.state = State.SERVING
        self.silence = 0.0
        self.address = "127.0.0.1:1"
        self.model = ModelVersion(descriptor=ModelDescriptor(data_type="wine", name="one"))
        self.killed = ""

    def kill(self, reason: str) -> None:
        self.killed = reason


class Watched:
    """A watchdog of one host, with a clock of its own."""

    def __init__(self, **settings: str) -> None:
        self.now = 100.0
        self.host = StubHost()
        values = ExecutorSettings.model_validate({"kill_after_at_least": "5s", **settings})
        self._watchdog = Watchdog(values, Catalog(), lambda: self.now)

    def look(self, after: float, silence: float) -> str:
        """Look again after some seconds; return what the host was killed for, if it was."""
        self.now += after
        self.host.silence = silence
        self._watchdog.look([self.host], [])  # type: ignore[list-item]
        return self.host.killed


def test_silence_while_the_agent_itself_stood_still_is_not_the_hosts() -> None:
    watched = Watched()
    assert watched.look(0.25, silence=0.1) == ""
    # The machine was suspended for a minute, and the host has not run again yet.
    assert watched.look(60, silence=60) == ""
    assert watched.look(0.25, silence=60.25) == ""
    # It hangs all the same if it never comes back.
    for _ in range(30):
        watched.look(0.25, silence=61)
    assert "gave no heartbeat" in watched.host.killed


def test_a_host_whose_data_type_the_log_has_lost_is_looked_after_as_any_other() -> None:
    watched = Watched()
    for _ in range(30):
        watched.look(0.25, silence=0.1)
    assert watched.host.killed == ""
    assert "gave no heartbeat" in watched.look(0.25, silence=6)
