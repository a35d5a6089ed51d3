"""The log is emptied under a mesh that works, and nobody who asks it notices."""

from __future__ import annotations

import json
import os
import signal

import pytest
from redis import Redis

from hedgerow.plans.plan import plan_from_yaml
from hedgerow.v1.models_pb2 import ModelVersion
from services.common.log import Log
from tests.end_to_end.cluster import Cluster, running_cluster
from tests.end_to_end.load import loaded
from tests.services.common.log.reading import connected, mirroring
from tests.support import wait_until

pytestmark = pytest.mark.timeout(120)

MODELS = ("one", "two")
WATCHERS = ("registry", "executor-1", "executor-2", "router-1", "router-2")
PLAN = """
data_type: numbers
models: [{name: one@1}, {name: two}]
policy: {deadline: 3s, consensus: {quorum: all}}
"""


async def test_a_log_that_is_emptied_under_load_costs_no_answer_and_its_numbers_stay() -> None:
    async with running_cluster() as cluster:
        for name in MODELS:
            await push(cluster, name)
        await cluster.registry.apply_plan(plan_from_yaml(PLAN))
        await cluster.wait_for_hosts(MODELS)
        async with connected(cluster.log.url) as log:
            mesh = await log.mesh()
            routers = [cluster.address("router-1"), cluster.address("router-2")]
            async with loaded("numbers", routers) as load:
                await empty(cluster)
                for part in WATCHERS:
                    await noticed(cluster, part)
                await load.flows(300)
                assert await log.mesh() == mesh
                await numbers_are_known(log)
                # A registry that begins on an emptied log cannot know what was in it.
                await cluster.kill("registry")
                await empty(cluster)
                await cluster.restart("registry")
                await numbers_are_known(log)
                for name in MODELS:  # the executor has the definition, though the log has not
                    (pid,) = await cluster.host_pids("executor-1", name)
                    os.kill(pid, signal.SIGKILL)
                await load.flows(300)
                assert (await push(cluster, "one", add=0.0)).version == 2
            assert not load.errors
            assert not load.wrong
            for part in WATCHERS[1:]:
                assert await problem(cluster, part)


async def push(cluster: Cluster, name: str, **more: float) -> ModelVersion:
    said = {"features": ["a", "b"], "answer_feature": "a", "delay_seconds": 0.01, **more}
    pushed = await cluster.registry.push_model(
        json.dumps(said).encode(), data_type="numbers", name=name, model_type="constant"
    )
    return pushed.model


async def empty(cluster: Cluster) -> None:
    with Redis.from_url(cluster.log.url) as redis:
        redis.flushall()


async def problem(cluster: Cluster, part: str) -> str:
    return (await cluster.state(part)).log_problem


async def numbers_are_known(log: Log) -> None:
    """Wait until the log itself says which numbers were given."""
    async with mirroring(log) as mirror:
        await mirror.caught_up.wait()
        catalog = mirror.catalog
        await wait_until(
            lambda: all(catalog.highest("numbers", name) == 1 for name in MODELS),
            "numbers are told",
        )
        assert catalog.data_types == []


async def noticed(cluster: Cluster, part: str) -> None:
    await wait_until(lambda: problem(cluster, part), f"{part} notices")
