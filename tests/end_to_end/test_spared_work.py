"""What nobody needs is cancelled; models wait: each record is scored or spared, and counted so once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest

from hedgerow.v1.models_pb2 import ModelVersion
from tests.end_to_end.asking import FIRST_ANSWER, plan, score_one, states, work_of
from tests.end_to_end.conftest import Mesh
from tests.end_to_end.test_mesh import RECORD
from tests.support import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def late_model(mesh: Mesh, data_type: str, delay: float) -> ModelVersion:
    """Serve a slow model beside a quick one whose answer is always enough."""
    slow = await mesh.serve(data_type, "slow", value="x", delay_seconds=delay)
    await mesh.serve(data_type, "quick", value="y")
    await mesh.apply(plan(data_type, "{name: slow}, {name: quick}", FIRST_ANSWER))
    return slow


async def asked(mesh: Mesh, data_type: str, times: int) -> None:
    """Score a record again and again; the quick model answers and the slow one is cancelled."""
    for _ in range(times):
        answer, models = await score_one(mesh, data_type, RECORD)
        assert answer.model == "quick"
        assert states(models) == {"slow": "cancelled", "quick": "answered"}


async def test_what_is_cancelled_while_it_waits_in_a_host_is_not_scored_and_what_is_scored_not_sent(
    mesh: Mesh, data_type: str
) -> None:
    slow = await late_model(mesh, data_type, delay=1.5)
    await asked(mesh, data_type, 3)

    async def settled() -> bool:
        work = await work_of(mesh, "executor", slow)
        return work.rows_scored + work.rows_dropped == 3 and work.withheld == work.rows_scored

    await wait_until(settled, "the host is done with all three, and has sent nothing of them")
    work = await work_of(mesh, "executor", slow)
    # The first was being scored when the word came that nobody needs it; the others waited behind it.
    assert (work.rows_scored, work.rows_dropped) == (1, 2)
    assert work.wasted.ToTimedelta() == work.scoring.ToTimedelta()
    assert work.saved.ToTimedelta().total_seconds() == pytest.approx(2 * 1.5, rel=0.5)
    stats = {stats.name: stats for stats in (await mesh.state("collector", data_type)).models}
    assert (stats["slow"].cancelled, stats["slow"].late, stats["slow"].answered) == (3, 0, 0)
    assert (stats["quick"].answered, stats["quick"].chosen) == (3, 3)


async def test_what_is_cancelled_while_it_waits_in_the_router_never_reaches_a_host(
    mesh: Mesh, data_type: str
) -> None:
    slow = await late_model(mesh, data_type, delay=0)
    (host,) = await mesh.hosts(slow)
    os.kill(host.pid, signal.SIGSTOP)
    try:
        # More than a host that takes nothing has credit for.
        await asked(mesh, data_type, 20)
    finally:
        os.kill(host.pid, signal.SIGCONT)

    async def settled() -> bool:
        there, here = [await work_of(mesh, at, slow) for at in ("executor", "router")]
        return there.rows_scored + there.rows_dropped + here.rows_dropped == 20

    await wait_until(settled, "each record was scored or dropped, and once")
    assert (await work_of(mesh, "router", slow)).rows_dropped >= 10


async def test_the_command_shows_what_was_spared(mesh: Mesh, data_type: str) -> None:
    await mesh.serve(data_type, "first", value="x")
    await mesh.serve(data_type, "hedge", value="x")
    models = "{name: first}, {name: hedge, start_after: 10s}"
    await mesh.apply(plan(data_type, models, FIRST_ANSWER))
    for _ in range(5):
        await score_one(mesh, data_type, RECORD)
    lines = await _state_lines(mesh, data_type)
    assert "hedge@1 0 - - 0 0 0 0 5" in lines
    assert any(line.startswith("hedge@1 0 0 5 ") for line in lines)


async def _state_lines(mesh: Mesh, data_type: str) -> list[str]:
    """Run `hedgerow state <data type>`; return its lines with single spaces."""
    command = [sys.executable, "-m", "hedgerow.cli", "state", data_type]
    process = await asyncio.create_subprocess_exec(
        *command,
        "--router",
        mesh.local.ports.address("router"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "200"},
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    return [" ".join(line.split()) for line in out.decode().splitlines()]
