"""What becomes of versions that are retired."""

from __future__ import annotations

import asyncio

import psutil
import pytest

from tests.end_to_end.conftest import Mesh
from tests.support import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

MIB = 2**20
RECORD = {"a": 1.0, "b": 0.0}


async def private_mebibytes(mesh: Mesh) -> float:
    """What all processes of the executor have for themselves."""
    executor = psutil.Process(mesh.local.processes["executor"])
    processes = [executor, *executor.children(recursive=True)]
    used = await asyncio.to_thread(lambda: [one.memory_full_info().uss for one in processes])
    return sum(used) / MIB


async def test_a_version_that_is_retired_finishes_what_it_has_and_gives_its_memory_back(
    mesh: Mesh, data_type: str
) -> None:
    await mesh.serve(data_type, "one", value=1)
    plan = f"data_type: {data_type}\nmodels: [{{name: one}}]\nkeep_warm: 1\n"
    await mesh.apply(plan + "policy: {deadline: 20s, timeout: {}}")
    large = await mesh.serve(data_type, "one", value=2, mebibytes=200, delay_seconds=1.0)
    (host,) = await mesh.hosts(large)
    assert host.memory_bytes > 190 * MIB

    under_way = asyncio.create_task(mesh.client.score(data_type, RECORD))

    async def is_scored() -> bool:
        return bool((await mesh.state("router", data_type)).gauges[0].value)

    await wait_until(is_scored, "a record is being scored")
    before = await private_mebibytes(mesh)
    await mesh.registry.retire_model(data_type, "one", large.version, force=True)
    answer = await under_way
    assert (answer.value, answer.version) == (2.0, 2)
    assert (await mesh.client.score(data_type, RECORD)).version == 1, "the warm one answers at once"
    await wait_until(lambda: not psutil.pid_exists(host.pid), "its host has ended")
    assert before - await private_mebibytes(mesh) > 190
    assert not await mesh.hosts(large)
