"""Strategies, cancellations and what disagreement tells, in a mesh of real processes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import timedelta

import grpc
import pytest

from hedgerow import AsyncClient
from hedgerow.client.aio import make_request
from hedgerow.v1.models_pb2 import ModelVersion
from hedgerow.v1.scoring_pb2 import ModelState
from hedgerow.v1.scoring_pb2_grpc import ScoringServiceStub
from hedgerow.v1.state_pb2 import ModelStats, ModelWork
from tests.end_to_end.cluster import left_in
from tests.end_to_end.conftest import Mesh
from tests.end_to_end.test_mesh import RECORD
from tests.support import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")

FIRST_WINS = "quality: {good_enough: 0}"


async def _plan(
    mesh: Mesh, data_type: str, models: str, policy: str, deadline: str = "10s"
) -> None:
    await mesh.apply(
        f"data_type: {data_type}\nmodels: [{models}]\npolicy:\n  deadline: {deadline}\n  {policy}\n"
    )


async def _work(mesh: Mesh, model: ModelVersion) -> ModelWork:
    state = await mesh.state("executor", model.descriptor.data_type)
    return next(work for work in state.work if work.name == model.descriptor.name)


async def _stats(mesh: Mesh, data_type: str) -> dict[str, ModelStats]:
    return {stats.name: stats for stats in (await mesh.state("collector", data_type)).models}


async def test_a_hedge_by_a_percentile_learns_when_to_start(mesh: Mesh, data_type: str) -> None:
    await mesh.serve(data_type, "first", value="x", slow_every=40, slow_seconds=0.5)
    await mesh.serve(data_type, "second", value="x")
    await _plan(mesh, data_type, "{name: first}, {name: second, start_after: p95}", FIRST_WINS)
    states = []
    for _ in range(90):
        answers = await mesh.client.score(data_type, [RECORD])
        states.append(str(answers.models[1].state))
        assert answers.elapsed < timedelta(seconds=0.4)  # nobody waited for a slow call
    assert states[:20].count("not_started") >= 15
    # A slow call blocks its host, so that the records after it are hedged too.
    assert "answered" in states[39:]


async def test_a_calls_own_deadline_is_answered_within(mesh: Mesh, data_type: str) -> None:
    """Not by DEADLINE_EXCEEDED: the answer is there before the caller's clock runs out."""
    await mesh.serve(data_type, "slow", value="s", delay_seconds=1.0)
    await mesh.serve(data_type, "quick", value="q")
    await _plan(mesh, data_type, "{name: slow}, {name: quick}", "timeout: {}", deadline="20s")
    request = make_request(data_type, RECORD, None, False)
    async with grpc.aio.insecure_channel(mesh.local.ports.address("router")) as channel:
        response = await ScoringServiceStub(channel).Score(request, timeout=0.6)
    states = [ModelState.Name(model.state) for model in response.decision.models]
    assert states == ["MODEL_STATE_LATE", "MODEL_STATE_ANSWERED"]


async def test_what_disagreement_tells_is_counted_for_shadows_too(
    mesh: Mesh, data_type: str
) -> None:
    said = {"one": "x", "two": "x", "odd": "y", "ghost": "x"}
    for name, value in said.items():
        delay = 0.05 if name == "ghost" else 0.0
        await mesh.serve(data_type, name, value=value, classes=["x", "y"], delay_seconds=delay)
    models = "{name: one}, {name: two}, {name: odd}, {name: ghost, shadow: true}"
    await _plan(mesh, data_type, models, "consensus: {quorum: all}")
    for _ in range(10):
        assert (await mesh.client.score(data_type, RECORD)).value == "x"

    async def counted() -> bool:
        return (await _stats(mesh, data_type))["ghost"].answered == 10

    await wait_until(counted, "the shadow has answered all of them")
    stats = await _stats(mesh, data_type)
    assert {name: (s.records, s.agreed, s.alone) for name, s in stats.items()} == {
        "one": (10, 10, 0),
        "two": (10, 10, 0),
        "odd": (10, 0, 10),
        "ghost": (10, 10, 0),
    }
    assert stats["ghost"].shadow
    assert (stats["ghost"].late, stats["ghost"].cancelled) == (0, 0)

    router = mesh.local.ports.address("router")
    shown = await _hedgerow("state", data_type, "--router", router)
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert any(line.startswith("odd@1 10 0.0 % 100.0 %") for line in lines)
    assert any(line.startswith("ghost@1 10 100.0 %") and "shadow" in line for line in lines)
    assert any(line.startswith("one@1 10 0 0") for line in lines)  # rows scored by its host


async def test_a_caller_that_leaves_takes_its_task_along(mesh: Mesh, data_type: str) -> None:
    slow = await mesh.serve(data_type, "slow", value="s", delay_seconds=1.5)
    await _plan(mesh, data_type, "{name: slow}", "timeout: {}")
    async with AsyncClient(mesh.local.ports.address("router")) as client:

        async def call() -> asyncio.Task[object]:
            return asyncio.create_task(client.score(data_type, RECORD))

        async def gauge(name: str) -> float:
            gauges = {g.name: g.value for g in (await mesh.state("router")).gauges}
            return gauges[name]

        async def in_flight(count: int) -> None:
            async def so_many() -> bool:
                return await gauge("tasks_at_hosts") == await gauge("tasks_in_flight") == count

            await wait_until(so_many, f"{count} tasks are with the host")

        calls = [await call()]
        await in_flight(1)
        await asyncio.sleep(0.1)  # by now the host is in that call, and for a while
        calls += [await call() for _ in range(5)]
        await in_flight(6)
        for each in calls:
            each.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

        async def settled() -> bool:
            work = await _work(mesh, slow)
            return work.rows_scored + work.rows_dropped == 6 and not left_in(
                await mesh.state("router")
            )

        await wait_until(settled, "nothing is left of them", timeout=20)
    assert (await _work(mesh, slow)).rows_scored < 6


async def _hedgerow(*arguments: str) -> str:
    """Run the command; it must work."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hedgerow.cli", *arguments, stdout=subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return out.decode()
