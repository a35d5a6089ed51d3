"""Any process of the mesh dies, stops or is cut off under load, and no caller sees it.

Two executors, two collectors and two routers, 16 clients. After each fault everything that was open is
closed: no task, no timer, no early result is left in any of the services.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import pytest
import pytest_asyncio

from hedgerow.errors import Unavailable
from hedgerow.plans.plan import plan_from_yaml
from tests.end_to_end.cluster import Cluster, running_cluster
from tests.end_to_end.load import Load, loaded
from tests.support import wait_until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    # The first of them also starts the nine processes of the cluster, on however slow a machine.
    pytest.mark.timeout(120),
    # A minute and a half. Faults of hosts, without load, are in test_faults and quick.
    pytest.mark.story,
]

MODELS = ("one", "two", "three")
DATA_TYPE = "numbers"
DEADLINE = timedelta(seconds=3)
PLAN = f"""
data_type: {DATA_TYPE}
models: [{{name: one}}, {{name: two}}, {{name: three}}]
replica_hedge: 30ms
policy:
  deadline: 3s
  consensus: {{quorum: majority}}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster() -> AsyncIterator[Cluster]:
    async with running_cluster() as cluster:
        for name in MODELS:
            await push(cluster, name)
        await cluster.registry.apply_plan(plan_from_yaml(PLAN))
        await cluster.wait_for_hosts(MODELS)
        yield cluster


async def push(cluster: Cluster, name: str, accuracy: float = 0.5) -> None:
    # Without a delay most faults would come at a moment when every record happens to be answered.
    said = {"features": ["a", "b"], "answer_feature": "a", "delay_seconds": 0.01}
    definition = json.dumps(said).encode()
    await cluster.registry.push_model(
        definition,
        data_type=DATA_TYPE,
        name=name,
        model_type="constant",
        metrics={"accuracy": accuracy},
    )


@asynccontextmanager
async def unseen_by_callers(cluster: Cluster) -> AsyncIterator[Load]:
    """Load both routers; afterwards every request was answered rightly, in time, and nothing is left."""
    routers = [cluster.address("router-1"), cluster.address("router-2")]
    async with loaded(DATA_TYPE, routers) as load:
        yield load
    assert load.errors == {}
    assert load.wrong == []
    assert load.longest <= DEADLINE + timedelta(milliseconds=500)
    await cluster.wait_for_hosts(MODELS)
    await cluster.wait_for_collectors()
    await cluster.wait_until_empty()


async def test_a_host_is_killed(cluster: Cluster) -> None:
    killed = []
    async with unseen_by_callers(cluster) as load:
        for model in MODELS:
            there = partial(cluster.host_pids, "executor-1", model)
            await wait_until(there, f"{model} has a host there")
            (pid,) = await there()
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
            await load.flows()
    for model, pid in zip(MODELS, killed, strict=True):
        assert pid not in await cluster.host_pids("executor-1", model)


async def test_an_executor_is_killed(cluster: Cluster) -> None:
    async with unseen_by_callers(cluster) as load:
        hosts = cluster.pids("executor-1")
        await cluster.kill("executor-1")
        await load.flows(300)
        await wait_until(
            lambda: not any(_lives(pid) for pid in hosts), "its hosts have ended with it"
        )
        await cluster.restart("executor-1")


async def test_a_collector_is_killed(cluster: Cluster) -> None:
    async with unseen_by_callers(cluster) as load:
        await cluster.kill("collector-2")
        await load.flows(300)
        await cluster.restart("collector-2")
        await cluster.wait_for_collectors()
        await cluster.kill("collector-1")
        await load.flows(300)
        await cluster.restart("collector-1")


async def test_a_collector_is_told_to_stop(cluster: Cluster) -> None:
    """It goes soon, each router loses its stream once, and nobody remembers it."""
    routers = ("router-1", "router-2")
    async with unseen_by_callers(cluster) as load:
        lost = [cluster.said(router, "a collector was lost") for router in routers]
        async with asyncio.timeout(5):
            assert await cluster.terminate("collector-2") == "ended with exit code 0"
        await load.flows(300)
        again = [cluster.said(router, "a collector was lost") for router in routers]
        assert all(now - before <= 1 for before, now in zip(lost, again, strict=True))

        async def forgotten() -> bool:
            states = [await cluster.state(router) for router in routers]
            gauges = [{gauge.name: gauge.value for gauge in state.gauges} for state in states]
            return all(g["collectors_reachable"] == 1 and not g["hosts_cut_off"] for g in gauges)

        await wait_until(forgotten, "only the other one is left, and no host is cut off")
        await cluster.restart("collector-2")


async def test_the_registry_is_killed(cluster: Cluster) -> None:
    async with unseen_by_callers(cluster) as load:
        await cluster.kill("registry")
        await load.flows()
        with pytest.raises(Unavailable):
            await push(cluster, "two", accuracy=0.9)
        await load.flows()
        await cluster.restart("registry")
        assert {m.descriptor.name for m in await cluster.registry.list_models()} == {*MODELS}


async def test_the_log_is_killed_and_started_again_on_its_data(cluster: Cluster) -> None:
    async with unseen_by_callers(cluster) as load:
        assert cluster.log.pid
        os.kill(cluster.log.pid, signal.SIGKILL)
        await load.flows(300)
        with pytest.raises(Unavailable):
            await push(cluster, "two", accuracy=0.9)
        await cluster.log.stop(0)
        await cluster.log.start(20)
        await load.flows()

        async def pushed() -> bool:
            try:
                await push(cluster, "three", accuracy=0.9)
            except Unavailable:
                return False
            return True

        # A new version goes all the way from the registry to the routers again, under load.
        await wait_until(pushed, "models can be pushed again", timeout=20)

        async def follows() -> bool:
            hosts = (await cluster.state("router-1")).hosts
            return any(h.model.descriptor.name == "three" and h.model.version == 2 for h in hosts)

        await wait_until(follows, "the new version arrives", timeout=20)


async def test_a_host_is_stopped_for_two_seconds(cluster: Cluster) -> None:
    async with unseen_by_callers(cluster) as load:
        (pid,) = await cluster.host_pids("executor-1", "one")
        await _stopped(load, {pid})


async def test_an_executor_is_stopped_for_two_seconds(cluster: Cluster) -> None:
    async with unseen_by_callers(cluster) as load:
        await _stopped(load, cluster.pids("executor-2"))


async def test_a_collector_is_stopped_for_two_seconds(cluster: Cluster) -> None:
    """Its tasks are opened at the other one, long before their deadline or a ping's."""
    async with unseen_by_callers(cluster) as load:
        await _stopped(load, cluster.pids("collector-2"))
        assert load.longest < timedelta(seconds=1.5)


async def test_a_collector_is_cut_off_from_an_executor(cluster: Cluster) -> None:
    async with unseen_by_callers(cluster) as load:
        executor = cluster.pids("executor-1")
        assert executor & cluster.partition.forwarded  # its hosts do report by that way
        with cluster.partition.cut(executor):
            await load.flows(300)  # nobody has noticed yet

            async def noticed() -> bool:
                gauges = (await cluster.state("router-1")).gauges
                return any(gauge.name == "hosts_cut_off" and gauge.value for gauge in gauges)

            await wait_until(noticed, "the routers hear of it", timeout=20)
            await load.flows(300)
        await load.flows(300)


async def test_a_router_is_killed_and_the_other_knows_nothing_of_it(cluster: Cluster) -> None:
    async with loaded(DATA_TYPE, [cluster.address("router-1")]) as load:
        await cluster.kill("router-2")
        await load.flows(300)
    assert (load.errors, load.wrong) == ({}, [])
    await cluster.restart("router-2")
    await cluster.wait_for_hosts(MODELS)
    await cluster.wait_until_empty()


async def _stopped(load: Load, pids: set[int]) -> None:
    """Stop processes for two seconds; records flow meanwhile."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        before = load.answered
        await asyncio.sleep(2)  # what is tested is this time, not what happens within it
        assert load.answered > before + 50
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    await load.flows(300)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
