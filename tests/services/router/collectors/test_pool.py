"""Collectors that drain, and come back, between a router and real collectors."""

from __future__ import annotations

import asyncio
import time

import pytest

from hedgerow.v1.collection_pb2 import CollectResponse
from services.common import peer_stream
from services.router.collectors.link import CollectorLink
from tests.services.common.test_peer_stream import with_long_pauses
from tests.services.decisions import labels
from tests.services.router.rig import rigged
from tests.support import wait_until

ONE = "models: [{name: a}]\npolicy: {deadline: 20s, timeout: {}}"


async def test_one_that_drains_is_not_chosen_though_it_is_empty(log_url: str) -> None:
    async with rigged(log_url) as rig:
        await rig.collector()
        draining, staying = rig.collectors
        pool = rig.core.collectors
        assert {pool.choose().address for _ in range(2)} == {draining}  # type: ignore[union-attr]
        pool.follow([staying])
        assert pool._links[draining].is_ready
        chosen = pool.choose()
        assert chosen is not None
        assert chosen.address == staying


async def test_one_that_drained_is_forgotten_when_its_stream_ends(log_url: str) -> None:
    async with rigged(log_url) as rig:
        await rig.collector()
        draining, staying = rig.collectors
        host = await rig.host("a", "x")
        rig.plan(ONE)
        link = rig.core.fleet.choose(("wine", "a"), [1])
        assert link is not None
        link.cut_from.add(draining)
        rig.core.fleet._count_cuts()
        rig.core.collectors.follow([staying])
        await rig.lose_collector()
        await wait_until(lambda: list(rig.core.collectors.addresses) == [staying], "forgotten")
        assert rig.core.gauges()["hosts_cut_off"] == 0
        assert labels(await rig.score(1.0)) == ["x"]
        assert host.model.asked == [1.0]


async def test_one_that_never_was_there_is_forgotten_at_once(log_url: str) -> None:
    async with rigged(log_url) as rig:
        (there,) = rig.collectors
        pool = rig.core.collectors
        pool.follow([there, "127.0.0.1:1"])
        assert len(pool.addresses) == 2
        pool.follow([there])
        await wait_until(lambda: list(pool.addresses) == [there], "forgotten")


async def test_one_that_is_reinstated_is_chosen_again(log_url: str) -> None:
    async with rigged(log_url) as rig:
        (address,) = rig.collectors
        pool = rig.core.collectors
        pool.follow([])
        pool.follow([address])
        link = pool.choose()
        assert link is not None
        assert link.address == address
        assert not link.is_retired


async def test_where_none_is_reachable_those_that_are_known_are_tried_at_once(
    log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_stream, "_LONGEST_PAUSE", 60.0)
    async with rigged(log_url) as rig:
        pool = rig.core.collectors
        (address,) = rig.collectors
        await rig.lose_collector()
        await wait_until(lambda: not pool.reachable, "lost")
        await with_long_pauses(pool._links[address]._stream)
        back = asyncio.create_task(rig.collector(int(address.rpartition(":")[2])))
        await wait_until(lambda: pool.choose() is not None, "it is found", timeout=3)
        await back


async def test_a_router_that_stood_still_itself_takes_no_collector_for_stopped(
    log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fallen: list[CollectorLink] = []
    monkeypatch.setattr(CollectorLink, "fall_silent", fallen.append)
    async with rigged(log_url) as rig:
        await rig.collector()
        links = list(rig.core.collectors._links.values())
        for _ in range(3):
            # Nothing is read meanwhile; then one collector may be heard before the other.
            time.sleep(0.5)  # noqa: ASYNC251
            links[0]._received(CollectResponse())
            heard = [link._heard for link in links]
            await wait_until(
                lambda: all(link._heard > was for link, was in zip(links, heard, strict=True)),  # noqa: B023
                "both are heard again",
            )
    assert fallen == []


async def test_the_only_collector_is_never_given_up_for_its_silence(log_url: str) -> None:
    async with rigged(log_url) as rig:
        (link,) = rig.core.collectors._links.values()
        link._heartbeat = 1e-9  # it is always late
        await wait_until(link.is_quiet, "it is quiet")
        rig.core.collectors._look()
        assert not link.is_silent
        assert rig.core.collectors.choose() is link
