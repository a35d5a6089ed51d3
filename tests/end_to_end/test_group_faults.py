"""One of several light models that share a process misbehaves under load: no request fails.

Two executors with a group of three on each. The one that is to blame is told from the others, which are
back in seconds and move together again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from hedgerow.plans.plan import plan_from_yaml
from hedgerow.v1.execution_pb2 import Host, HostState
from tests.end_to_end.cluster import Cluster, running_cluster
from tests.end_to_end.load import loaded
from tests.support import wait_until

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
    pytest.mark.story,
]

DATA_TYPE = "numbers"
MODELS = ("one", "two", "three")
GUILTY = "two"
EXECUTORS = ("executor-1", "executor-2")
PLAN = f"""
data_type: {DATA_TYPE}
models: [{{name: one}}, {{name: two}}, {{name: three}}]
replica_hedge: 100ms
policy:
  deadline: 3s
  consensus: {{quorum: majority}}
"""
SETTINGS = {
    "HEDGEROW_EXECUTOR_PACK_AFTER": "3s",
    "HEDGEROW_EXECUTOR_PACK_BELOW": "10s",
    "HEDGEROW_EXECUTOR_KILL_AFTER_DEADLINES": "0.1",
    "HEDGEROW_EXECUTOR_KILL_AFTER_AT_LEAST": "1s",
    "HEDGEROW_EXECUTOR_HOST_MEMORY_BYTES": str(400 * 2**20),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where files tell the guilty one what to do."""
    return tmp_path_factory.mktemp("faults")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def cluster(folder: Path) -> AsyncIterator[Cluster]:
    async with running_cluster(SETTINGS) as cluster:
        for name in MODELS:
            said = {"features": ["a", "b"], "answer_feature": "a"}
            if name == GUILTY:
                faults = ("hang", "crash", "bloat")
                said |= {f"{fault}_once_file": str(folder / fault) for fault in faults}
            await cluster.registry.push_model(
                json.dumps(said).encode(), data_type=DATA_TYPE, name=name, model_type="constant"
            )
        await cluster.registry.apply_plan(plan_from_yaml(PLAN))
        yield cluster


async def serving(cluster: Cluster, executor: str) -> dict[str, Host]:
    """The hosts that serve on an executor, by model; none of a model while it has two."""
    state = await cluster.state(executor)
    assert len(state.hosts) < 20
    return {
        host.model.descriptor.name: host
        for host in state.hosts
        if host.state == HostState.HOST_STATE_SERVING
    }


async def together(cluster: Cluster, *models: str) -> bool:
    """Tell whether models share a process on both executors."""
    for executor in EXECUTORS:
        hosts = await serving(cluster, executor)
        if len({hosts[model].pid if model in hosts else 0 for model in models}) != 1:
            return False
        if not set(models) <= hosts.keys():
            return False
    return True


@pytest.mark.parametrize("fault", ["crash", "hang", "bloat"])
async def test_a_model_of_a_group_misbehaves_and_no_request_fails(
    cluster: Cluster, folder: Path, fault: str
) -> None:
    async def all_together() -> bool:
        return await together(cluster, *MODELS)

    async def is_told() -> bool:
        hosts = [await serving(cluster, executor) for executor in EXECUTORS]
        return any("it was to blame" in on[GUILTY].alone for on in hosts if GUILTY in on)

    async def others_together() -> bool:
        return await together(cluster, *(model for model in MODELS if model != GUILTY))

    await wait_until(all_together, "all live together", timeout=60)
    routers = [cluster.address("router-1"), cluster.address("router-2")]
    async with loaded(DATA_TYPE, routers) as load:
        await asyncio.to_thread((folder / fault).touch)
        await wait_until(is_told, "the guilty one serves alone", timeout=15)
        await load.flows(300)
        await wait_until(others_together, "the others are together again", timeout=20)
        await load.flows(300)
    assert load.errors == {}
    assert load.wrong == []
    await cluster.wait_until_empty()
