"""The agent with real hosts: what it starts, it ends, at whatever moment it is asked to."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from hedgerow.errors import Unavailable
from hedgerow.locations.stores import Inaccessible
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
    assert sorted(rig.fetched) == ["one@2", "slow@1"]


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
    assert rig.fetched == ["one@1", "one@11"]


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


async def test_what_somebody_must_change_has_failed_and_the_version_before_it_serves(
    rig: AgentRig,
) -> None:
    rig.push("one")
    await wait_until(lambda: rig.has("one@1", HostState.HOST_STATE_SERVING), "serves")
    rig.fetch_fails = Inaccessible("s3://models/one has other bytes than when it was pushed")
    rig.push("one", 2)
    await wait_until(
        lambda: rig.has("one@2", HostState.HOST_STATE_FAILED), "the new one has failed"
    )
    said = "s3://models/one has other bytes than when it was pushed; tried again after 15 s"
    assert rig.failure("one@2") == said
    assert rig.has("one@1", HostState.HOST_STATE_SERVING)
    assert rig.fetched == ["one@1", "one@2"]

    # Somebody has changed it, and does not wait for the next try.
    rig.fetch_fails = None
    rig.retry("one", 2)
    await wait_until(lambda: rig.states() == {"one@2": HostState.HOST_STATE_SERVING}, "it serves")


async def test_what_was_refused_is_tried_again_when_somebody_asks_for_it(rig: AgentRig) -> None:
    rig.push("one", fail_load="no such layer")
    for _ in range(2):
        await wait_until(lambda: rig.has("one@1", HostState.HOST_STATE_FAILED), "it is refused")
        rig.retry("one", 1)
        assert rig.has("one@1", HostState.HOST_STATE_LOADING)


async def test_what_the_disk_or_the_log_prevents_is_told_and_tried_again(rig: AgentRig) -> None:
    rig.fetch_fails = Unavailable("the log is away")
    rig.push("one")
    await wait_until(lambda: "tried again after" in rig.failure("one@1"), "it is told")
    assert rig.states() == {"one@1": HostState.HOST_STATE_LOADING}
    assert "the log is away" in rig.failure("one@1")
    assert not rig.agent.settled.is_set()
    rig.fetch_fails = None
    await wait_until(lambda: rig.states() == {"one@1": HostState.HOST_STATE_SERVING}, "serves")
    assert rig.failure("one@1") == ""
    assert rig.agent.settled.is_set()


async def test_a_fault_of_ours_is_logged_and_tried_again_too(
    rig: AgentRig,
) -> None:
    rig.fetch_fails = KeyError("of ours")
    rig.push("one")
    await wait_until(lambda: len(rig.fetched) > 1, "it was tried again")
    assert "could not be started (KeyError)" in rig.failure("one@1")
    rig.fetch_fails = None
    await wait_until(lambda: rig.states() == {"one@1": HostState.HOST_STATE_SERVING}, "serves")


async def test_while_a_version_is_prevented_from_loading_the_one_before_it_serves(
    rig: AgentRig,
) -> None:
    """Also in an executor that started after both had been pushed."""
    rig.unfetchable = {"one@2"}
    rig.push("one", reconcile=False)
    rig.push("one", 2)
    serves, loads = HostState.HOST_STATE_SERVING, HostState.HOST_STATE_LOADING
    wanted = {"one@1": serves, "one@2": loads}
    await wait_until(lambda: rig.states() == wanted, "the one before serves in its place")
    await wait_until(rig.agent.settled.is_set, "the executor is ready with it")
    rig.unfetchable = set()
    await wait_until(lambda: rig.states() == {"one@2": serves}, "the newest serves alone")


async def test_a_host_that_died_is_replaced_at_once_whatever_else_loads(rig: AgentRig) -> None:
    rig.push("one")
    await wait_until(lambda: rig.states() == {"one@1": HostState.HOST_STATE_SERVING}, "serves")
    rig.push("slow", load_seconds=600)  # one loads at a time
    await wait_until(lambda: rig.pid("slow@1"), "it is being loaded")
    rig.push("other")
    before = rig.pid("one@1")
    os.kill(before, signal.SIGKILL)
    await wait_until(
        lambda: (
            rig.states().get("one@1") == HostState.HOST_STATE_SERVING and rig.pid("one@1") != before
        ),
        "another host serves",
    )
    assert not rig.pid("other@1")  # it is new, and waits for its turn


async def test_a_host_that_dies_again_and_again_is_replaced_each_time(rig: AgentRig) -> None:
    rig.push("one")
    killed = {0}
    for _ in range(4):
        await wait_until(
            lambda: (
                rig.has("one@1", HostState.HOST_STATE_SERVING) and rig.pid("one@1") not in killed
            ),
            "a host serves",
        )
        killed.add(rig.pid("one@1"))
        os.kill(rig.pid("one@1"), signal.SIGKILL)
    await wait_until(lambda: rig.has("one@1", HostState.HOST_STATE_SERVING), "it serves again")


async def test_an_executor_is_settled_once_all_serve_or_are_given_up(rig: AgentRig) -> None:
    rig.push("one", load_seconds=0.3)
    rig.push("broken", fail_load="no such layer")
    assert not rig.agent.settled.is_set()
    await wait_until(rig.agent.settled.is_set, "it is settled")
    assert rig.states() == {
        "one@1": HostState.HOST_STATE_SERVING,
        "broken@1": HostState.HOST_STATE_FAILED,
    }


async def test_with_nothing_to_run_an_executor_is_settled(rig: AgentRig) -> None:
    rig.agent.reconcile()
    assert rig.agent.settled.is_set()


async def test_five_hundred_pushes_leave_nothing_that_ten_do_not(rig: AgentRig) -> None:
    rig.push("slow", load_seconds=600)  # so that all others wait for their turn
    await wait_until(lambda: rig.pid("slow@1"), "it is being loaded")

    async def sizes_after(versions: range) -> dict[str, int]:
        for version in versions:
            rig.push("one", version)
        await wait_until(lambda: len(rig.states()) == 2, "the newest waits alone")
        # Those that waited have been cancelled, and end in a moment.
        await wait_until(lambda: rig.sizes()["Agent._starts"] == 2, "the others wait no more")
        await wait_until(lambda: not rig.sizes()["DefinitionCache._locks"], "it is on the disk")
        return rig.sizes()

    few = await sizes_after(range(1, 11))
    assert await sizes_after(range(11, 511)) == few


async def test_what_is_told_of_broken_versions_does_not_grow_with_each(tmp_path: Path) -> None:
    rig = AgentRig(tmp_path, loads_at_once=2)
    try:
        for version in range(1, 31):
            rig.push("one", version, fail_load="no such layer")
            reference = f"one@{version}"
            failed = HostState.HOST_STATE_FAILED
            await wait_until(partial(rig.has, reference, failed), "it is given up")
        assert list(rig.states()) == [f"one@{version}" for version in range(23, 31)]
    finally:
        await rig.stop()


async def test_in_a_log_that_began_anew_a_version_of_the_same_number_is_another_one(
    rig: AgentRig,
) -> None:
    serves = HostState.HOST_STATE_SERVING
    rig.push("one")
    rig.push("broken", fail_load="no such layer")
    given_up = {"one@1": serves, "broken@1": HostState.HOST_STATE_FAILED}
    await wait_until(lambda: rig.states() == given_up, "one serves, the other is given up")
    before = rig.pid("one@1")

    rig.begin_anew()
    rig.push("one", value="another one")
    rig.push("broken")
    both = {"one@1": serves, "broken@1": serves}
    await wait_until(
        lambda: rig.states() == both and rig.pid("one@1") != before, "those of the new log serve"
    )


async def test_a_version_of_which_the_log_says_other_bytes_gets_another_host(rig: AgentRig) -> None:
    """It is remembered from before the log was emptied, and its number was given again."""
    rig.push("one")
    await wait_until(lambda: rig.has("one@1", HostState.HOST_STATE_SERVING), "it serves")
    before = rig.pid("one@1")
    rig.lose()
    assert rig.pid("one@1") == before
    rig.push("one", value="another one")
    serves = partial(rig.has, "one@1", HostState.HOST_STATE_SERVING)
    await wait_until(lambda: serves() and rig.pid("one@1") != before, "the other one serves")
