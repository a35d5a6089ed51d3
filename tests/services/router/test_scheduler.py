"""When models start, on which hosts, and what of them is cancelled."""

from __future__ import annotations

import asyncio

from hedgerow.plans.plan import strategy_from_yaml
from tests.services.decisions import labels, reasons, states
from tests.services.router.rig import ALL, FIRST_WINS, rigged
from tests.support import wait_until

SURE = "policy: {deadline: 20s, quality: {by: confidence, good_enough: 0.9}}"
MAJORITY = "policy: {deadline: 20s, consensus: {}}"


def doubtful(value: float) -> tuple[str, float]:
    """A cheap model: sure of numbers below 10."""
    return "cheap", 0.95 if value < 10 else 0.6


async def test_a_hedge_is_not_started_when_the_first_is_quick(log_url: str) -> None:
    async with rigged(log_url) as rig:
        await rig.host("a", "x")
        b = await rig.host("b", "y")
        rig.plan("models: [{name: a}, {name: b, start_after: 15s}]\n" + FIRST_WINS)
        decision = await rig.score(1.0)
        assert labels(decision) == ["x"]
        assert states(decision) == {"a": "ANSWERED", "b": "NOT_STARTED"}
        assert decision.models[1].failure == "not needed"
        assert b.model.asked == []
        await rig.is_empty()
        (spared,) = [work for work in rig.core.work.to_protos() if work.name == "b"]
        assert spared.rows_not_started == 1


async def test_a_hedge_starts_and_wins_when_the_first_is_slow(log_url: str) -> None:
    async with rigged(log_url) as rig:
        a = await rig.host("a", "x", held=True)
        await rig.host("b", "y")
        rig.plan("models: [{name: a}, {name: b, start_after: 5ms}]\n" + FIRST_WINS)
        decision = await rig.score(1.0)
        assert labels(decision) == ["y"]
        assert states(decision) == {"a": "CANCELLED", "b": "ANSWERED"}
        # The model that is cancelled waits in its host; its task is dropped there before it costs anything.
        await wait_until(lambda: a.cancelled, "a is told that nobody needs it")
        a.release()
        await rig.is_empty()
        assert a.model.asked == []
        assert a.work.rows_dropped == 1


async def test_a_cascade_asks_the_expensive_model_about_doubtful_records_alone(
    log_url: str,
) -> None:
    async with rigged(log_url) as rig:
        await rig.host("cheap", doubtful)
        expensive = await rig.host("expensive", lambda _: ("expensive", 0.99))
        rig.plan("models: [{name: cheap}, {name: expensive, start: on_doubt}]\n" + SURE)
        values = [float(i) for i in range(8, 13)]
        decision = await rig.score(*values)
        assert labels(decision) == ["cheap", "cheap", "expensive", "expensive", "expensive"]
        assert reasons(decision)[:2] == ["GOOD_ENOUGH"] * 2
        assert expensive.model.asked == [10.0, 11.0, 12.0]
        assert [model.records for model in decision.models] == [5, 3]
        only_cheap = await rig.score(1.0, 2.0)
        assert states(only_cheap) == {"cheap": "ANSWERED", "expensive": "NOT_STARTED"}
        assert labels(await rig.score(11.0)) == ["expensive"]
        await rig.is_empty()
        spared = {work.name: work.rows_not_started for work in rig.core.work.to_protos()}
        assert spared["expensive"] == 2 + 2  # two of the batch of five, and both of the next


async def test_a_cascade_goes_on_when_a_model_fails_before_it(log_url: str) -> None:
    def fails(value: float) -> tuple[str, float]:
        raise RuntimeError("no")

    async with rigged(log_url) as rig:
        await rig.host("a", fails)
        await rig.host("b", "y")
        rig.plan("models: [{name: a}, {name: b, start: on_doubt}]\n" + FIRST_WINS)
        decision = await rig.score(1.0)
        assert labels(decision) == ["y"]
        assert states(decision) == {"a": "FAILED", "b": "ANSWERED"}
        await rig.is_empty()


async def test_a_third_model_starts_only_where_two_disagree(log_url: str) -> None:
    async with rigged(log_url) as rig:
        await rig.host("a", lambda value: ("x", 1.0))
        await rig.host("b", lambda value: ("x" if value < 10 else "y", 1.0))
        c = await rig.host("c", "y")
        rig.plan("models: [{name: a}, {name: b}, {name: c, start: on_doubt}]\n" + MAJORITY)
        assert labels(await rig.score(1.0, 20.0, 2.0, 30.0)) == ["x", "y", "x", "y"]
        assert c.model.asked == [20.0, 30.0]
        assert states(await rig.score(1.0))["c"] == "NOT_STARTED"
        await rig.is_empty()


async def test_no_more_models_run_at_a_time_than_may(log_url: str) -> None:
    async with rigged(log_url) as rig:
        a = await rig.host("a", "x", held=True)
        b = await rig.host("b", "x")
        c = await rig.host("c", "x")
        rig.plan("models: [{name: a}, {name: b}, {name: c}]\nparallelism: 1\n" + MAJORITY)
        task = asyncio.create_task(rig.score(1.0))
        await wait_until(lambda: a.servicer.waiting == 1, "a has it")
        assert b.model.asked == []
        a.release()
        decision = await task
        assert labels(decision) == ["x"]
        assert states(decision) == {"a": "ANSWERED", "b": "ANSWERED", "c": "NOT_STARTED"}
        assert c.model.asked == []
        await rig.is_empty()


async def test_a_late_host_is_hedged_by_another_of_the_same_model(log_url: str) -> None:
    async with rigged(log_url) as rig:
        hosts = await rig.two_held("a")
        rig.plan("models: [{name: a}]\nreplica_hedge: 20ms\n" + MAJORITY)
        task = asyncio.create_task(rig.score(1.0))
        await wait_until(lambda: all(host.servicer.waiting for host in hosts), "both have it")
        hosts[1].release()
        decision = await task
        assert labels(decision) == ["x"]
        assert [model.name for model in decision.models] == ["a"]
        await wait_until(lambda: hosts[0].cancelled, "the first is told that nobody needs it")
        hosts[0].release()
        await rig.is_empty()
        assert hosts[0].model.asked == []  # the first was cancelled when the second had answered
        assert [work.replicas for work in rig.core.work.to_protos()] == [1]


async def test_the_slower_of_two_hosts_is_cancelled_as_soon_as_the_other_has_answered(
    log_url: str,
) -> None:
    async with rigged(log_url) as rig:
        hosts = await rig.two_held("a")
        b = await rig.host("b", "x", held=True)
        rig.plan("models: [{name: a}, {name: b}]\nreplica_hedge: 20ms\n" + ALL)
        task = asyncio.create_task(rig.score(1.0))
        await wait_until(lambda: all(host.servicer.waiting for host in rig.hosts), "all have it")
        hosts[1].release()
        await wait_until(lambda: hosts[0].cancelled, "the first is told that nobody needs it")
        assert not task.done()  # b is still out
        b.release()
        assert labels(await task) == ["x"]
        hosts[0].release()
        await rig.is_empty()
        assert hosts[0].model.asked == []


async def test_nobody_waits_for_a_model_whose_hosts_went_while_it_was_held_back(
    log_url: str,
) -> None:
    async with rigged(log_url) as rig:
        a = await rig.host("a", doubtful, held=True)
        b = await rig.host("b", "y")
        rig.plan("models: [{name: a}, {name: b, start: on_doubt}]\n" + SURE)
        task = asyncio.create_task(rig.score(10.0))
        await wait_until(lambda: a.servicer.waiting, "a has it")
        await rig.die(b)
        await wait_until(lambda: not rig.can_use(b), "the router knows")
        a.release()
        decision = await asyncio.wait_for(task, 10)  # of the deadline's twenty
        assert labels(decision) == ["cheap"]
        assert states(decision) == {"a": "ANSWERED", "b": "NOT_STARTED"}
        assert decision.models[1].failure == "its last host has gone"
        await rig.is_empty()


async def test_a_request_has_a_strategy_of_its_own(log_url: str) -> None:
    async with rigged(log_url) as rig:
        await rig.host("a", "x")
        await rig.host("b", "x")
        await rig.host("c", "x")
        rig.plan("models: [{name: a}, {name: b}, {name: c}]\n" + MAJORITY)
        strategy = strategy_from_yaml("starts: {c: on_doubt}")
        assert states(await rig.score(1.0, strategy=strategy))["c"] == "NOT_STARTED"
        assert states(await rig.score(1.0))["c"] != "NOT_STARTED"
        await rig.is_empty()
