"""Hosts that hang: the agent sees that their hearts beat no more, and kills them."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hedgerow.v1.execution_pb2 import HostState
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
