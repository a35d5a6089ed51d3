"""The agent with real hosts: what it starts, it ends, at whatever moment it is asked to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hedgerow.v1.execution_pb2 import HostState
from tests.services.executor.agent_rig import AgentRig
from tests.support import wait_until


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[AgentRig]:
    made = AgentRig(tmp_path)
    yield made
    await made.stop()


async def test_a_new_version_serves_before_the_one_before_it_drains(rig: AgentRig) -> None:
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


async def test_a_version_replaced_while_it_waits_to_load_is_never_started(rig: AgentRig) -> None:
    rig.push("slow", load_seconds=0.5)
    rig.push("one")  # waits: one loads at a time
    rig.push("one", 2)
    wanted = {"slow@1": HostState.HOST_STATE_SERVING, "one@2": HostState.HOST_STATE_SERVING}
    await wait_until(lambda: rig.states() == wanted, "the newest serves, and nothing else is left")
    assert rig.fetched == ["slow-1", "one-2"]


async def test_an_agent_that_stops_while_it_forks_leaves_no_process(rig: AgentRig) -> None:
    rig.push("one", load_seconds=5)
    rig.push("two")
    await asyncio.sleep(0)  # the fork has been asked for, and has not answered
    await rig.stop()
    assert not rig.agent.announcements()


async def test_what_is_being_loaded_is_loaded_although_something_newer_was_pushed(
    rig: AgentRig,
) -> None:
    """With pushes that come faster than models load, nothing new would ever serve else."""
    rig.push("one")
    await wait_until(lambda: rig.states() == {"one@1": HostState.HOST_STATE_SERVING}, "serves")
    rig.push("one", 2, load_seconds=0.5)
    await wait_until(lambda: rig.pid("one@2"), "it is being loaded")
    rig.push("one", 3, load_seconds=600)  # and waits for its turn
    serves = HostState.HOST_STATE_SERVING
    await wait_until(lambda: rig.states().get("one@2") == serves, "it serves all the same")
    await wait_until(lambda: "one@1" not in rig.states(), "the one before it has gone")
    assert rig.states()["one@3"] == HostState.HOST_STATE_LOADING


async def test_of_those_that_wait_for_their_turn_only_the_newest_is_loaded(rig: AgentRig) -> None:
    rig.push("one", 1, load_seconds=0.3)
    await wait_until(lambda: rig.pid("one@1"), "it is being loaded")
    for version in range(2, 12):
        rig.push("one", version)
    alone = {"one@11": HostState.HOST_STATE_SERVING}
    await wait_until(lambda: rig.states() == alone, "the newest serves alone")
    assert rig.fetched == ["one-1", "one-11"]


async def test_a_version_that_a_plan_used_serves_until_the_one_it_is_to_use_does(
    rig: AgentRig,
) -> None:
    serves = HostState.HOST_STATE_SERVING
    rig.push("one")
    await wait_until(lambda: rig.states() == {"one@1": serves}, "serves")
    rig.pin("one", 1)
    rig.push("one", 2, load_seconds=0.5)
    rig.push("one", 3)
    await wait_until(lambda: rig.states() == {"one@1": serves, "one@3": serves}, "both serve")
    seen: list[dict[str, HostState]] = []
    rig.pin("one", 2)

    def taken_over() -> bool:
        seen.append(rig.states())
        return rig.states() == {"one@2": serves, "one@3": serves}

    await wait_until(taken_over, "the version of the plan serves")
    assert all("one@1" in states or states.get("one@2") == serves for states in seen)
