"""Hosts that die, hang and crash, while records flow."""

from __future__ import annotations

import asyncio
import os
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from hedgerow.v1.execution_pb2 import HostState
from tests.end_to_end.conftest import Mesh
from tests.end_to_end.test_mesh import RECORD, consensus
from tests.support import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_host_killed_while_scoring_costs_no_answer(mesh: Mesh, data_type: str) -> None:
    models = [
        await mesh.serve(data_type, name, value=value, classes=["x", "y"], delay_seconds=0.005)
        for name, value in (("one", "x"), ("two", "x"), ("three", "y"))
    ]
    await mesh.apply(consensus(data_type, "one", "two", "three"))
    done = asyncio.Event()
    answers: list[str] = []

    async def load() -> None:
        while not done.is_set():
            answer = await mesh.client.score(data_type, RECORD)
            answers.append(str(answer.value))

    clients = [asyncio.create_task(load()) for _ in range(16)]
    for model in (models[0], models[2], models[0]):
        host = await mesh.wait_for(model, HostState.HOST_STATE_SERVING, "executor")
        scored = len(answers)
        await wait_until(lambda: len(answers) > scored + 50, "records flow")  # noqa: B023
        os.kill(host.pid, signal.SIGKILL)

        async def replaced(killed: int = host.pid, model: object = model) -> bool:
            hosts = await mesh.hosts(model)  # type: ignore[arg-type]
            return any(h.pid != killed and h.state == HostState.HOST_STATE_SERVING for h in hosts)

        await wait_until(replaced, "the host is replaced", timeout=20)
    done.set()
    await asyncio.gather(*clients)  # raises if any request failed
    # While "one" was dead, "two" and "three" disagreed; the plan's order settles that, never an error.
    assert len(answers) > 200
    assert set(answers) <= {"x", "y"}
    answer = await mesh.client.score(data_type, RECORD)
    assert answer.value == "x"


async def test_tasks_of_a_dead_host_are_decided_without_waiting_for_it(
    mesh: Mesh, data_type: str, tmp_path: Path
) -> None:
    trap = tmp_path / "crash-once"
    trap.touch()
    await mesh.serve(data_type, "one", value="x", crash_once_file=str(trap))
    await mesh.serve(data_type, "two", value="x")
    await mesh.serve(data_type, "three", value="x")
    plan = consensus(data_type, "one", "two", "three", deadline="30s").replace("majority", "all")
    await mesh.apply(plan)
    # With the deadline at 30 s, an answer within the test's time means that nobody waited for it.
    answers = await mesh.client.score(data_type, [RECORD], explain=True)
    assert not trap.exists()
    one = next(model for model in answers.models if model.name == "one")
    assert one.state == "failed"
    assert "died" in one.failure


async def test_a_host_that_hangs_is_killed_and_replaced(mesh: Mesh, data_type: str) -> None:
    model = await mesh.serve(data_type, "stuck", value="x", hang=True, after=2)
    await mesh.apply(consensus(data_type, "stuck", deadline="100ms"))
    first = await mesh.wait_for(model, HostState.HOST_STATE_SERVING, "executor")
    assert (await mesh.client.score(data_type, RECORD)).value == "x"
    with pytest.raises(Exception, match="LATE"):
        await mesh.client.score(data_type, RECORD)

    async def replaced() -> bool:
        hosts = await mesh.hosts(model, "router")
        return any(h.pid != first.pid and h.state == HostState.HOST_STATE_SERVING for h in hosts)

    await wait_until(replaced, "another host serves", timeout=20)
    assert (await mesh.client.score(data_type, RECORD)).value == "x"


async def test_a_version_that_keeps_dying_is_given_up_and_the_one_before_serves(
    mesh: Mesh, data_type: str
) -> None:
    await mesh.serve(data_type, "one", value="old")
    await mesh.apply(consensus(data_type, "one", extra='  default: {value: "none"}\n'))
    bad = await mesh.serve(data_type, "one", value="new", crash=True)

    async def given_up() -> bool:
        await mesh.client.score(data_type, RECORD, deadline=timedelta(seconds=1))
        return any(h.state == HostState.HOST_STATE_FAILED for h in await mesh.hosts(bad))

    await wait_until(given_up, "the version is given up", timeout=30)
    (host,) = await mesh.hosts(bad)
    assert "died 3 times" in host.failure

    async def old_answers() -> bool:
        return (await mesh.client.score(data_type, RECORD)).value == "old"

    await wait_until(old_answers, "the version before serves", timeout=20)
