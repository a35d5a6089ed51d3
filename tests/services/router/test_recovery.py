"""What is lost starts again elsewhere, and no answer counts twice."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from hedgerow.errors import Unavailable
from tests.services.decisions import labels, states
from tests.services.router.rig import ALL, Rig, rigged
from tests.support import wait_until


async def test_what_a_host_had_another_host_scores(log_url: str) -> None:
    async with rigged(log_url) as rig:
        hosts = await rig.two_held("a")
        rig.plan("models: [{name: a}]\n" + ALL)
        task = asyncio.create_task(rig.score(1.0))
        await wait_until(lambda: any(host.servicer.waiting for host in hosts), "one has it")
        dying, other = sorted(hosts, key=lambda host: not host.servicer.waiting)
        await rig.die(dying)
        other.release()
        assert labels(await task) == ["x"]
        await rig.is_empty()


async def test_a_host_that_dies_after_its_task_was_hedged_loses_nothing(log_url: str) -> None:
    async with rigged(log_url) as rig:
        hosts = await rig.two_held("a")
        rig.plan("models: [{name: a}]\nreplica_hedge: 10ms\n" + ALL)
        task = asyncio.create_task(rig.score(1.0))
        await wait_until(lambda: all(host.servicer.waiting for host in hosts), "both have it")
        await rig.die(hosts[1])
        hosts[0].release()
        decision = await task
        assert states(decision) == {"a": "ANSWERED"}
        await rig.is_empty()


async def test_without_another_host_the_model_counts_as_failed_and_the_next_starts(
    log_url: str,
) -> None:
    async with rigged(log_url) as rig:
        a = await rig.host("a", "x", held=True)
        await rig.host("b", "y")
        rig.plan(
            "models: [{name: a}, {name: b, start: on_doubt}]\n"
            "policy: {deadline: 20s, quality: {good_enough: 0}}"
        )
        task = asyncio.create_task(rig.score(1.0))
        await wait_until(lambda: a.servicer.waiting, "a has it")
        await rig.die(a)
        decision = await task
        assert labels(decision) == ["y"]
        assert states(decision) == {"a": "FAILED", "b": "ANSWERED"}
        assert "died" in decision.models[0].failure
        await rig.is_empty()


async def test_tasks_of_a_lost_collector_are_opened_at_another(log_url: str) -> None:
    async with rigged(log_url) as rig:
        a = await rig.host("a", "x", held=True)
        await rig.host("b", "x")
        rig.plan("models: [{name: a}, {name: b, start: on_doubt}]\n" + ALL)
        task = asyncio.create_task(rig.score(1.0, 2.0))
        await wait_until(lambda: a.servicer.waiting, "a has it")
        await rig.collector()
        await rig.lose_collector()
        await wait_until(lambda: a.servicer.waiting == 2, "a has it again")
        a.release()
        decision = await task
        assert labels(decision) == ["x", "x"]
        assert a.model.asked == [1.0, 2.0]  # what it had for the lost collector was cancelled
        await rig.is_empty()


async def test_without_another_collector_the_caller_is_told_at_once(log_url: str) -> None:
    async with rigged(log_url) as rig:
        a = await rig.host("a", "x", held=True)
        rig.plan("models: [{name: a}]\n" + ALL)
        task = asyncio.create_task(rig.score(1.0))
        await wait_until(lambda: a.servicer.waiting, "a has it")
        await rig.lose_collector()
        with pytest.raises(Unavailable, match="the collector of this task died"):
            await task
        a.release()
        await rig.is_empty()


async def _cut(rig: Rig, task: asyncio.Task[object]) -> None:
    """Have every host that has the task lose the collector where it is open."""
    (address,) = {t.open_at.address for t in rig.core.open_tasks()}
    for host in rig.hosts:
        if host.servicer.waiting:
            host.servicer.tell(address, False)


async def test_a_host_that_lost_the_collector_is_replaced_for_its_tasks(log_url: str) -> None:
    async with rigged(log_url) as rig:
        hosts = await rig.two_held("a")
        rig.plan("models: [{name: a}]\n" + ALL)
        task = asyncio.create_task(rig.score(1.0))
        await wait_until(lambda: any(host.servicer.waiting for host in hosts), "one has it")
        cut_off, other = sorted(hosts, key=lambda host: not host.servicer.waiting)
        await _cut(rig, task)
        await wait_until(lambda: other.servicer.waiting, "the other has it")
        other.release()
        assert labels(await task) == ["x"]
        cut_off.release()
        cut_off.servicer.tell(rig.collectors[0], True)
        await rig.is_empty()


async def test_of_the_hosts_that_lose_a_collector_the_first_is_told_in_the_log(
    log_url: str,
) -> None:
    async with rigged(log_url) as rig:
        hosts = [await rig.host(name, "x") for name in "abc"]
        collector = rig.collectors[0]
        with capture_logs() as said:
            for host in hosts:
                host.servicer.tell(collector, False)
            await wait_until(
                lambda: rig.core.gauges()["hosts_cut_off"] == 3, "all three are cut off"
            )
        found = [log["log_level"] for log in said if "cannot reach a collector" in log["event"]]
        assert found == ["warning", "debug", "debug"]
        for host in hosts:
            host.servicer.tell(collector, True)
        await wait_until(lambda: rig.core.gauges()["hosts_cut_off"] == 0, "none is any more")


async def test_where_no_host_is_left_that_reaches_the_collector_another_one_decides(
    log_url: str,
) -> None:
    async with rigged(log_url) as rig:
        a = await rig.host("a", "x", held=True)
        rig.plan("models: [{name: a}]\n" + ALL)
        task = asyncio.create_task(rig.score(1.0))
        await wait_until(lambda: a.servicer.waiting, "a has it")
        (before,) = rig.core.open_tasks()
        lost = before.open_at.address
        other = await rig.collector()
        await _cut(rig, task)
        await wait_until(lambda: before.open_at.address == other, "it is opened elsewhere")
        a.release()
        assert labels(await task) == ["x"]
        # Until it is found again, the collector that was lost is left alone.
        for _ in range(4):
            second = asyncio.create_task(rig.score(1.0))
            for _ in range(3):  # admitted, handed on, started; a while later it may have ended
                await asyncio.sleep(0)
            assert [t.open_at.address for t in rig.core.open_tasks()] == [other]
            await second
        a.servicer.tell(lost, True)
        await rig.is_empty()
