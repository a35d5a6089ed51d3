"""Which of the announced hosts a router streams to."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc
import pytest

from hedgerow.v1.execution_pb2 import Host, HostState, WatchHostsRequest
from hedgerow.v1.execution_pb2_grpc import ExecutorServiceStub
from tests.services.router.rig import rigged
from tests.support import wait_until


async def test_a_host_that_drains_and_never_had_an_address_is_not_dialled(
    log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with rigged(log_url) as rig:
        serving = await rig.host("a", "x")
        dialled: list[Host] = []
        monkeypatch.setattr(rig.core.fleet, "_add", dialled.append)
        draining = Host(model=serving.version, state=HostState.HOST_STATE_DRAINING)
        rig._executors[0][0].publish([serving.announcement(), draining])
        await wait_until(lambda: len(rig.core.fleet.hosts()) == 2, "both are announced")
        assert dialled == []


async def test_a_router_says_that_it_knows_of_groups_and_who_does_not_is_counted(
    log_url: str,
) -> None:
    async with rigged(log_url) as rig:
        await rig.host("a", "x")
        announcements = rig._executors[0][0]
        await wait_until(lambda: not announcements.ignorant, "the router knows")
        (member,) = rig.core.fleet.executors
        async with grpc.aio.insecure_channel(member) as channel:
            older = ExecutorServiceStub(channel).WatchHosts(WatchHostsRequest())
            await older.read()
            await wait_until(lambda: announcements.ignorant == 1, "it is counted")
            older.cancel()
        await wait_until(lambda: not announcements.ignorant, "it has gone")


async def test_a_version_that_has_the_address_of_another_one_by_now_is_not_taken_for_it(
    log_url: str,
) -> None:
    async with rigged(log_url) as rig:
        host = await rig.host("a", "x")
        other = host.announcement()
        other.model.version = 2
        rig._executors[0][0].publish([other])
        fleet = rig.core.fleet
        await wait_until(lambda: fleet.hosts()[0].model.version == 2, "it is announced")
        instance = fleet.choose(("wine", "a"), [1])
        assert instance is None or instance.is_draining


async def test_an_executor_that_is_retired_is_watched_until_its_stream_ends(
    log_url: str,
) -> None:
    async with rigged(log_url) as rig:
        await rig.host("a", "x")
        fleet = rig.core.fleet
        fleet.follow([])
        assert fleet.hosts()
        rig._executors[0][0].close()
        await wait_until(lambda: not fleet._watches, "the watch is over")
        assert not fleet.hosts()


async def test_an_executor_that_is_out_of_reach_is_told_of_while_it_holds_its_lease(
    log_url: str,
) -> None:
    async with rigged(log_url) as rig:
        await rig.host("a", "x")
        fleet = rig.core.fleet
        (member,) = fleet.executors
        rig._executors[0][0].close()
        await wait_until(lambda: not fleet.hosts(), "its stream has ended")
        assert [executor.address for executor in fleet.executor_states()] == [member]
        fleet.follow([])
        assert fleet.executor_states() == []


async def test_an_executor_nobody_reaches_is_forgotten(log_url: str) -> None:
    async with rigged(log_url) as rig:
        fleet = rig.core.fleet
        known = fleet.executors
        fleet.follow([*known, "127.0.0.1:1"])
        assert len(fleet._watches) == 2
        fleet.follow(known)
        await wait_until(lambda: list(fleet._watches) == list(known), "only the other is watched")


async def test_a_host_that_tells_late_of_a_collector_that_is_gone_counts_as_cut_off_from_none(
    log_url: str,
) -> None:
    async with rigged(log_url) as rig:
        host = await rig.host("a", "x")
        (gone,) = rig.collectors
        stays = await rig.collector()
        await rig.lose_collector()
        rig.core.collectors.follow(rig.collectors)
        await wait_until(lambda: gone not in rig.core.collectors.addresses, "it is gone")
        link = rig.core.fleet.choose(("wine", "a"), [1])
        assert link is not None
        host.servicer.tell(gone, False)
        await wait_until(lambda: link.cut_from == {gone}, "it is told")
        assert rig.core.gauges()["hosts_cut_off"] == 0
        host.servicer.tell(stays, False)
        await wait_until(lambda: rig.core.gauges()["hosts_cut_off"] == 1, "this one is known")
        host.servicer.tell(gone, True)
        host.servicer.tell(stays, True)
        await wait_until(lambda: not link.cut_from, "nothing is left")


async def test_the_first_of_some_versions_that_a_host_is_reached_of_is_chosen(log_url: str) -> None:
    async with rigged(log_url) as rig:
        one = await rig.host("a", "x")
        rig.know("a", number=2)
        two = await rig.host("a", "y")
        choose = rig.core.fleet.choose

        def chosen(*versions: int) -> str | None:
            link = choose(("wine", "a"), versions)
            return link.address if link else None

        assert chosen(2, 1) == two.address
        assert chosen(1, 2) == one.address
        assert chosen(3, 1) == one.address
        assert chosen(3) is None  # never a version that the plan does not name
        assert chosen() is None


async def test_a_host_that_is_announced_and_cannot_be_reached_is_dialled_less_and_less_often(
    log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with rigged(log_url) as rig:
        serving = await rig.host("a", "x")
        pauses: list[float] = []
        loop = asyncio.get_running_loop()
        later = loop.call_later

        def call_later(seconds: float, callback: Any, *args: Any) -> asyncio.TimerHandle:
            if getattr(callback, "__qualname__", "").startswith("Fleet."):
                pauses.append(seconds)
                seconds = 0
            return later(seconds, callback, *args)

        monkeypatch.setattr(loop, "call_later", call_later)
        gone = Host(
            model=serving.version, address="127.0.0.1:1", state=HostState.HOST_STATE_SERVING
        )
        rig._executors[0][0].publish([serving.announcement(), gone])
        await wait_until(lambda: len(pauses) >= 8, "it was dialled again and again")
        assert pauses[:7] == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
        rig._executors[0][0].publish([serving.announcement()])
        await wait_until(lambda: not rig.core.fleet._pauses, "it is forgotten")
        assert rig.can_use(serving)
