"""Two executors: what one host had, a host of the other scores."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.v1.execution_pb2 import HostState
from hedgerow.v1.models_pb2 import ModelVersion
from tests.end_to_end.cluster import PYTHONPATH
from tests.end_to_end.conftest import Mesh, locations
from tests.end_to_end.test_mesh import RECORD, consensus
from tests.support import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def another_executor(
    mesh: Mesh, data_type: str, cache: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a second executor, for one data type. A test may kill it."""
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
        yield process
    finally:
        if process.returncode is None:
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


async def test_a_key_stays_on_an_executor_and_when_one_is_lost_its_keys_alone_move(
    mesh: Mesh, data_type: str, tmp_path: Path
) -> None:
    keys = [f"c-{number % 30}" for number in range(90)]
    async with another_executor(mesh, data_type, tmp_path / "cache") as second:
        said = {"answer_feature": "a", "features": ["a", "b"]}
        models = [await mesh.serve(data_type, name, **said) for name in ("one", "two")]
        await wait_until(lambda: _all_twice(mesh, models), "both serve them", timeout=30)
        plan = consensus(
            data_type, "one", "two", deadline="20s", extra="  otherwise: {timeout: {}}\n"
        )
        await mesh.apply(f"{plan}join: keyed\n")
        before = await _where(mesh, data_type, keys)
        assert len(set(before.values())) == 2  # the executors, by their hosts of both models
        assert await _where(mesh, data_type, keys[::-1]) == before
        for key in keys[:5]:
            assert await _where(mesh, data_type, [key]) == {key: before[key]}

        hosts = psutil.Process(second.pid).children(recursive=True)
        second.kill()
        await second.wait()
        await _where(mesh, data_type, keys)  # all answers are right meanwhile
        await wait_until(lambda: not any(map(_runs, hosts)), "its hosts are gone", timeout=30)
        after = await _where(mesh, data_type, keys)
        (left,) = set(after.values())
        assert left in before.values()
        moved = {key for key, now in after.items() if now != before[key]}
        assert moved == {key for key, was in before.items() if was != left}
        assert 0 < len(moved) < 30


async def _where(mesh: Mesh, data_type: str, keys: list[str]) -> dict[str, tuple[float, ...]]:
    """Score a record for each key; return in which processes those of a key were, one a model."""
    records = [{"a": float(number), "b": 0.0} for number in range(len(keys))]
    answers = await mesh.client.score(data_type, records, keys=keys, explain=True)
    assert answers.values == [record["a"] for record in records]
    processes = [_outputs(model.predictions) for model in answers.models]
    found: dict[str, set[tuple[float, ...]]] = {}
    for key, where in zip(keys, zip(*processes, strict=True), strict=True):
        found.setdefault(key, set()).add(where)
    assert all(len(places) == 1 for places in found.values())
    return {key: places.pop() for key, places in found.items()}


def _outputs(said: Predictions | None) -> list[float]:
    assert said is not None
    column = said.outputs["process"]
    assert not isinstance(column, Labels)
    return [float(process) for process in column]


def _runs(process: psutil.Process) -> bool:
    """Tell whether a process is there; one that has ended may wait to be looked at."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def _all_twice(mesh: Mesh, models: list[ModelVersion]) -> bool:
    return all([await _hosts(mesh, model, 2) for model in models])


async def _hosts(mesh: Mesh, model: ModelVersion, count: int) -> bool:
    hosts = await mesh.hosts(model, "router")
    return sum(host.state == HostState.HOST_STATE_SERVING for host in hosts) == count
