"""Two executors: what one host had, a host of the other scores."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hedgerow.v1.execution_pb2 import HostState
from hedgerow.v1.models_pb2 import ModelVersion
from tests.end_to_end.cluster import PYTHONPATH
from tests.end_to_end.conftest import Mesh, locations
from tests.end_to_end.test_mesh import RECORD, consensus
from tests.support import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def another_executor(mesh: Mesh, data_type: str, cache: Path) -> AsyncIterator[None]:
    """Run a second executor, for one data type."""
    environment = {
        **os.environ,
        **locations(mesh.store, mesh.bucket),
        "PYTHONPATH": PYTHONPATH,
        "HEDGEROW_LOG_URL": f"redis://{mesh.local.ports.address('log')}/0",
        "HEDGEROW_EXECUTOR_PORT": "0",
        "HEDGEROW_EXECUTOR_DATA_TYPES": data_type,
        "HEDGEROW_EXECUTOR_CACHE_DIR": str(cache),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.executor",
        env=environment,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        assert await process.wait() == 0


async def test_tasks_of_a_dead_host_start_again_on_another(
    mesh: Mesh, data_type: str, tmp_path: Path
) -> None:
    trap = tmp_path / "crash-once"
    trap.touch()
    async with another_executor(mesh, data_type, tmp_path / "cache"):
        model = await mesh.serve(data_type, "one", value="x", crash_once_file=str(trap))
        await wait_until(lambda: _hosts(mesh, model, 2), "both executors serve it", timeout=30)
        await mesh.apply(consensus(data_type, "one", deadline="20s"))
        answer = await mesh.client.score(data_type, RECORD)
        assert not trap.exists()  # the first host died of this record
        assert (answer.value, answer.model, answer.reason) == ("x", "one", "consensus")


async def _hosts(mesh: Mesh, model: ModelVersion, count: int) -> bool:
    hosts = await mesh.hosts(model, "router")
    return sum(host.state == HostState.HOST_STATE_SERVING for host in hosts) == count
