"""Light versions move into one process, and out of it again when it is lost: with real hosts."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from hedgerow.v1.execution_pb2 import ExecuteRequest, HostState, Share
from services.common.catalog import Catalog
from services.executor import agent as module
from tests.services.executor.agent_rig import AgentRig
from tests.services.executor.harness import frame, router
from tests.support import wait_until

SERVING, LOADING = HostState.HOST_STATE_SERVING, HostState.HOST_STATE_LOADING


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_AT_COSTS_SECONDS", 0.05)


@asynccontextmanager
async def agent(
    folder: Path, catalog: Catalog | None = None, **said: object
) -> AsyncIterator[AgentRig]:
    """An agent whose versions may share a process at once, on a machine however slow."""
    rig = AgentRig(folder, catalog, **{"pack_after": "100ms", "pack_below": "10s", **said})
    watches = [
        asyncio.create_task(watch(), name="watches")
        for watch in (rig.agent.watch, rig.agent.watch_costs)
    ]
    yield rig
    assert not any(watch.done() for watch in watches)
    for watch in watches:
        watch.cancel()
    await asyncio.gather(*watches, return_exceptions=True)
    await rig.stop()


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[AgentRig]:
    async with agent(tmp_path) as made:
        yield made


async def gaps(rig: AgentRig, ended: Callable[[], bool], what: str, *references: str) -> list[str]:
    """Wait for something; return which of some versions did not serve at any time meanwhile."""
    seen: list[str] = []

    def look() -> bool:
        seen.extend(reference for reference in references if not rig.address(reference))
        return ended()

    await wait_until(look, what)
    return seen


async def three(rig: AgentRig, **said: Any) -> None:
    """Push three light versions, of which the second behaves as it is said, and have them move together."""
    rig.push("a", value=1.0)
    rig.push("b", **said, value=1.0)
    rig.push("c", value=1.0)
    await wait_until(lambda: rig.together("a@1", "b@1", "c@1"), "they live together")


def calls_of(*models: int) -> ExecuteRequest:
    request = frame(1, 1)
    request.shares.append(Share(tasks=1, models=models))
    return request


def remove_files(folder: Path) -> None:
    for file in folder.iterdir():
        if file.is_file():
            file.unlink()


async def apart(rig: AgentRig) -> None:
    """Wait until each of the three serves in a process of its own."""

    def is_so() -> bool:
        return len({rig.address(f"{name}@1") for name in "abc"} - {""}) == 3

    await wait_until(is_so, "each is on its own")


def number(rig: AgentRig, reference: str) -> int:
    """Return what its process calls a version by."""
    (found,) = [
        h.number
        for h in rig.announced
        if f"{h.model.descriptor.name}@{h.model.version}" == reference and h.state == SERVING
    ]
    return found


async def call(rig: AgentRig, reference: str) -> None:
    """Have a version score a record."""
    async with router(rig.address(reference)) as stream:
        await stream.hears()
        await stream.write(calls_of(number(rig, reference)))
        with contextlib.suppress(grpc.aio.AioRpcError):  # it may die of it
            await stream.hears()


async def test_light_versions_move_into_one_process_and_serve_all_the_time(rig: AgentRig) -> None:
    rig.push("a", value=1.0)
    rig.push("b", value=1.0)
    await wait_until(lambda: rig.address("a@1") and rig.address("b@1"), "both serve")
    missed = await gaps(rig, lambda: rig.together("a@1", "b@1"), "they moved", "a@1", "b@1")
    assert missed == []
    assert [host.number for host in rig.announced] == [0, 1]
    assert len({host.pid for host in rig.announced}) == 1


async def test_a_new_version_serves_alone_first_and_then_moves_in(rig: AgentRig) -> None:
    await three(rig)
    before = rig.address("a@1")
    rig.push("b", 2, value=1.0)
    missed = await gaps(rig, lambda: bool(rig.address("b@2")), "it serves", "a@1", "c@1")
    assert rig.address("b@2") != before
    assert rig.address("a@1") == before
    assert "it is new" in rig.alone("b@2")
    together = lambda: rig.together("a@1", "b@2", "c@1")  # noqa: E731
    missed += await gaps(rig, together, "it moved in", "a@1", "b@2", "c@1")
    assert missed == []
    assert "b@1" not in rig.states()


async def test_a_version_that_is_retired_leaves_and_the_others_stay_where_they_are(
    rig: AgentRig,
) -> None:
    await three(rig)
    before = rig.address("a@1")
    rig.retire("b", 1)
    await wait_until(lambda: "b@1" not in rig.states(), "it is announced no more")
    assert rig.together("a@1", "c@1")
    assert rig.address("a@1") == before
    assert {key.name for key in rig.reported} == {"a", "c"}  # the log is told that it has gone


async def test_a_log_that_was_emptied_takes_nobody_apart(rig: AgentRig) -> None:
    """What it knew of plans is gone, and versions are looked at all the same."""
    await three(rig)
    rig.begin_anew()
    looks = rig.agent._packer.has_news
    seen: list[bool] = []

    def looked(*said: Any) -> bool:
        seen.append(looks(*said))
        return False

    rig.agent._packer.has_news = looked  # type: ignore[method-assign, assignment]
    await wait_until(lambda: len(seen) > 2, "it is looked at several times")
    assert rig.together("a@1", "b@1", "c@1")


async def test_as_long_as_somebody_does_not_know_of_groups_there_are_none(tmp_path: Path) -> None:
    async with agent(tmp_path) as rig:
        await three(rig)
        rig.may_share = False
        reason = "a router is connected that does not know of versions which share a process"
        told = lambda: {rig.alone(f"{n}@1") for n in "abc"} == {reason}  # noqa: E731
        missed = await gaps(rig, told, "each is on its own", "a@1", "b@1", "c@1")
        rig.may_share = True
        together = lambda: rig.together("a@1", "b@1", "c@1")  # noqa: E731
        missed += await gaps(rig, together, "they are together", "a@1", "b@1", "c@1")
        assert missed == []


async def test_versions_of_several_data_types_share_a_process_when_told(tmp_path: Path) -> None:
    async with agent(tmp_path, packing="across") as rig:
        for data_type in ("wine", "iris"):
            rig.push(f"of-{data_type}", data_type=data_type, value=1.0)
        await wait_until(lambda: rig.together("of-wine@1", "of-iris@1"), "they live together")
        rig.push("of-oak", data_type="oak", value=1.0)
        moved = lambda: rig.together("of-wine@1", "of-iris@1", "of-oak@1")  # noqa: E731
        missed = await gaps(rig, moved, "it moved in", "of-wine@1", "of-iris@1")
        assert missed == []


async def test_one_that_is_left_over_has_a_process_of_its_own_again(rig: AgentRig) -> None:
    await three(rig)
    before = rig.address("a@1")
    rig.retire("b", 1)
    rig.retire("c", 1)
    missed = await gaps(rig, lambda: rig.address("a@1") not in ("", before), "it moved", "a@1")
    assert missed == []
    assert "no other light version" in rig.alone("a@1")


async def test_a_plan_that_forbids_it_takes_them_apart_and_one_that_allows_it_joins_them(
    rig: AgentRig,
) -> None:
    await three(rig)
    models = "models: [{name: a}, {name: b}, {name: c}]\npolicy: {timeout: {}}\n"
    rig.plan(models + "packing: never")
    apart = lambda: len({rig.address(f"{n}@1") for n in "abc"}) == 3  # noqa: E731
    missed = await gaps(rig, apart, "they are apart", "a@1", "b@1", "c@1")
    reason = "the plan says packing: never"
    await wait_until(lambda: {rig.alone(f"{n}@1") for n in "abc"} == {reason}, "it is told why")
    rig.plan(models)
    together = lambda: rig.together("a@1", "b@1", "c@1")  # noqa: E731
    missed += await gaps(rig, together, "they are together", "a@1", "b@1", "c@1")
    assert missed == []


async def test_an_executor_that_is_told_so_packs_nothing(tmp_path: Path) -> None:
    async with agent(tmp_path, packing="never") as rig:
        rig.push("a", value=1.0)
        rig.push("b", value=1.0)
        await wait_until(lambda: rig.alone("a@1") and rig.alone("b@1"), "both serve")
        assert "packing: never" in rig.alone("a@1")
        assert not rig.together("a@1", "b@1")


async def test_a_version_that_takes_long_is_alone_and_told_why(tmp_path: Path) -> None:
    async with agent(tmp_path, pack_below="10ms") as rig:
        rig.push("a", value=1.0)
        rig.push("b", value=1.0)
        rig.push("slow", delay_seconds=1.0, value=1.0)
        await wait_until(lambda: rig.address("slow@1"), "it serves")
        await call(rig, "slow@1")
        await wait_until(lambda: "a task takes" in rig.alone("slow@1"), "it is alone")
        assert "10 ms are allowed" in rig.alone("slow@1")
        await wait_until(lambda: rig.together("a@1", "b@1"), "the others are together")


async def test_one_that_crashes_is_told_from_the_others_which_move_back_together(
    tmp_path: Path,
) -> None:
    async with agent(tmp_path, pack_after="2s") as rig:
        await three(rig, crash_once_file=str(tmp_path / "crash"))
        (tmp_path / "crash").touch()
        await call(rig, "b@1")
        await wait_until(lambda: not rig.address("b@1"), "it is gone")
        await apart(rig)
        assert "it was to blame" in rig.alone("b@1")
        assert "the process that it shared was lost" in rig.alone("a@1")
        assert rig.has("b@1", SERVING)
        await wait_until(lambda: rig.together("a@1", "c@1"), "the others are together again")
        assert "it was to blame" in rig.alone("b@1")
        assert not rig.failure("a@1")
        await wait_until(lambda: rig.together("a@1", "b@1", "c@1"), "so is it, when it behaves")


async def test_one_that_hangs_is_found_too(tmp_path: Path) -> None:
    async with agent(tmp_path, pack_after="2s", kill_after_at_least="1s") as rig:
        await three(rig, hang=True)
        async with router(rig.address("b@1")) as stream:
            await stream.hears()
            await stream.write(calls_of(number(rig, "b@1")))
            await wait_until(lambda: not rig.address("b@1"), "it is killed")
        await wait_until(
            lambda: "it was to blame" in rig.alone("b@1"), "it is told from the others"
        )
        assert "gave no heartbeat" in rig.alone("b@1")
        await wait_until(lambda: rig.together("a@1", "c@1"), "the others are together again")


async def test_one_that_keeps_dying_alone_is_given_up_and_the_others_are_not(
    tmp_path: Path,
) -> None:
    async with agent(tmp_path, pack_after="2s", quarantine_deaths=2) as rig:
        await three(rig, crash=True)
        await call(rig, "b@1")
        await wait_until(lambda: "it was to blame" in rig.alone("b@1"), "it is alone")
        before = rig.address("b@1")
        await call(rig, "b@1")
        await wait_until(lambda: rig.address("b@1") not in ("", before), "it is tried again")
        await call(rig, "b@1")
        await wait_until(lambda: rig.has("b@1", HostState.HOST_STATE_FAILED), "it is given up")
        await wait_until(lambda: rig.together("a@1", "c@1"), "the others are together")


async def test_a_group_that_cannot_be_loaded_harms_nobody_who_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with agent(tmp_path, pack_after="500ms") as rig:
        rig.push("a", value=1.0)
        rig.push("b", value=1.0)
        await wait_until(lambda: rig.address("a@1") and rig.address("b@1"), "both serve")
        rig.fetch_fails = OSError("no room")
        await asyncio.to_thread(remove_files, tmp_path)
        told = lambda: "the process that it shared ended" in rig.alone("a@1")  # noqa: E731
        missed = await gaps(rig, told, "it could not be loaded", "a@1", "b@1")
        assert not rig.failure("a@1")
        rig.fetch_fails = None
        missed += await gaps(rig, lambda: rig.together("a@1", "b@1"), "they moved", "a@1", "b@1")
        assert missed == []


async def test_a_version_with_other_bytes_leaves_its_group_and_the_others_go_on(
    rig: AgentRig,
) -> None:
    await three(rig)
    before = rig.address("a@1")
    rig.begin_anew()
    for name in "ac":
        rig.push(name, reconcile=False, value=1.0)
    rig.push("b", fail="another one", value=1.0)
    await wait_until(lambda: rig.address("b@1") not in ("", before), "it has a process of its own")
    assert rig.address("a@1") == before


async def test_an_agent_that_stops_while_versions_move_leaves_no_process(rig: AgentRig) -> None:
    rig.push("a", load_seconds=0.3, value=1.0)
    rig.push("b", load_seconds=0.3, value=1.0)
    loads = lambda: any(host.is_group for host in rig.agent._hosts)  # noqa: E731
    await wait_until(loads, "the two are loaded together")
    (group,) = [host for host in rig.agent._hosts if host.is_group]
    await wait_until(lambda: group.pid, "there is a process")
    rig.pids.add(group.pid)


async def test_a_process_of_several_that_is_stopped_from_outside_is_replaced_by_one_for_each(
    tmp_path: Path,
) -> None:
    async with agent(tmp_path, pack_after="5s") as rig:
        await three(rig)
        os.kill(rig.pid("a@1"), signal.SIGKILL)
        await apart(rig)
        assert not any(rig.failure(f"{name}@1") for name in "abc")


async def known_to_share(rig: AgentRig, names: str) -> None:
    """Wait until the log knows which of the three may share a process."""

    def told() -> bool:
        return {n for n in "abc" if rig.catalog.task_seconds("wine", n, 1) > 0} == {*names}

    await wait_until(told, "the log knows")


async def test_after_a_restart_they_are_loaded_together_from_the_beginning(tmp_path: Path) -> None:
    async with agent(tmp_path) as before:
        await three(before)
        await known_to_share(before, "abc")
    async with agent(tmp_path, before.catalog, pack_after="1h") as rig:
        rig.take_over(before)
        assert rig.has("a@1", LOADING)
        await wait_until(lambda: rig.together("a@1", "b@1", "c@1"), "they live together")
        assert rig.agent._count == 1  # host was started
        rig.push("new", value=1.0)
        await wait_until(lambda: rig.address("new@1"), "it serves")
        assert "it is new" in rig.alone("new@1")


async def test_one_that_cannot_be_loaded_with_the_others_any_more_is_found_and_they_serve(
    tmp_path: Path,
) -> None:
    async with agent(tmp_path) as before:
        await three(before, confidence=0.5)
        await known_to_share(before, "abc")
    async with agent(tmp_path, before.catalog, pack_after="1h") as rig:
        rig._said |= before._said
        rig.unfetchable.add("b@1")
        await asyncio.to_thread(remove_files, tmp_path)
        rig.agent.reconcile()
        await wait_until(lambda: rig.address("a@1") and rig.address("c@1"), "the others serve")
        await wait_until(lambda: "b@1 is away" in rig.failure("b@1"), "the other is told of")


async def test_one_that_was_to_blame_is_not_loaded_with_others_after_a_restart(
    tmp_path: Path,
) -> None:
    async with agent(tmp_path, pack_after="2s") as before:
        await three(before, crash_once_file=str(tmp_path / "crash"))
        (tmp_path / "crash").touch()
        await call(before, "b@1")
        await wait_until(lambda: before.alone("b@1"), "it serves alone")
        await known_to_share(before, "")
    async with agent(tmp_path, before.catalog, pack_after="1h") as rig:
        rig.take_over(before)
        await wait_until(lambda: all(rig.address(f"{n}@1") for n in "abc"), "all serve")
        assert "it is new" in rig.alone("b@1")


async def test_tables_do_not_grow_as_versions_move(rig: AgentRig) -> None:
    def sizes() -> dict[str, int]:
        ours = ("Agent", "Hosts", "Packing", "Conduct", "Costs")
        return {k: size for k, size in rig.sizes().items() if k.split(".")[0] in ours}

    await three(rig)
    before = sizes()
    assert len(before) > 10
    for version in (2, 3):
        rig.push("b", version, value=1.0)
        moved = lambda v=version: rig.together("a@1", f"b@{v}", "c@1")  # noqa: E731
        await wait_until(moved, "it moved in")
    assert sizes() == before
