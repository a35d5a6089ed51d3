"""One host as its agent sees it: a real process, that serves, refuses its model, dies or is ended."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

from hedgerow.v1.execution_pb2 import HostState
from services.executor.processes.host_process import State
from tests.services.executor.harness import HostRig, frame, router, spec_of
from tests.support import wait_until


async def test_a_host_says_where_it_serves_and_takes_tasks_there(rig: HostRig) -> None:
    host = await rig.serve()
    (told,) = host.announcements()
    assert (told.state, told.pid) == (HostState.HOST_STATE_SERVING, host.pid)
    assert host.loaded.is_set()
    async with router(told.address) as stream:
        await stream.hears()
        await stream.write(frame(7, 1))
        assert await stream.hears_done() == [7]
    await wait_until(
        lambda: host.done()[0].rows_scored == 1, "its heartbeat tells what it has done"
    )


async def test_the_time_it_waits_for_its_turn_is_not_time_that_it_loads(rig: HostRig) -> None:
    rig.host.forked -= 100
    assert rig.host.silence == 0
    await rig.start(load_seconds=600)
    assert rig.host.silence < 50
    rig.host.kill("the test is over")
    await rig.end()


async def test_a_model_that_cannot_be_loaded_is_refused_with_its_own_reason(rig: HostRig) -> None:
    host = await rig.start(fail_load="no\n  such layer")
    await rig.end()
    assert host.refused == "no such layer"
    assert host.death == ""
    assert rig.heard == [State.ENDED]
    assert host.loaded.is_set()


async def test_a_failure_that_no_format_foresaw_refuses_a_model_too(rig: HostRig) -> None:
    host = await rig.start(load_seconds=-1)
    await rig.end()
    assert "must be non-negative" in host.refused
    assert host.death == ""


async def test_a_definition_that_cannot_be_read_says_nothing_of_its_model(
    rig: HostRig, tmp_path: Path
) -> None:
    spec = spec_of(tmp_path)
    (tmp_path / "definition").unlink()
    await rig.host.start(spec)
    await rig.end()
    assert "No such file" in rig.host.death
    assert rig.host.blameless
    assert rig.host.refused == ""


async def test_a_host_whose_heartbeat_cannot_be_written_is_not_started_and_says_why(
    rig: HostRig, tmp_path: Path
) -> None:
    rig.host.heartbeat_path = tmp_path / "no" / "such" / "folder"
    await rig.host.start(spec_of(tmp_path))
    assert rig.heard == [State.ENDED]
    assert "No such file" in rig.host.death
    assert rig.host.blameless


async def test_a_host_that_is_killed_by_somebody_tells_the_signal(rig: HostRig) -> None:
    host = await rig.serve()
    os.kill(host.pid, signal.SIGTERM)
    await rig.end()
    assert host.death == "the process ended by itself (signal SIGTERM)"
    assert rig.heard == [State.SERVING, State.ENDED]


async def test_a_host_that_exits_tells_its_exit_code(rig: HostRig, tmp_path: Path) -> None:
    await rig.host.start(replace(spec_of(tmp_path), heartbeat=tmp_path / "gone"))
    await rig.end()
    assert rig.host.death == "the process ended by itself (exit code 1)"
    assert rig.host.refused == ""


async def test_a_host_that_dies_while_it_loads_ends_the_wait_for_it(rig: HostRig) -> None:
    host = await rig.start(load_seconds=60)
    os.kill(host.pid, signal.SIGKILL)
    async with asyncio.timeout(20):
        await host.loaded.wait()
    assert (
        host.death
        == "the process ended by itself (signal SIGKILL, as from the kernel when memory is short)"
    )


async def test_silence_grows_while_a_host_hangs_and_ends_when_it_goes_on(rig: HostRig) -> None:
    host = await rig.serve()
    os.kill(host.pid, signal.SIGSTOP)
    await wait_until(lambda: host.silence > 1, "it is silent")
    os.kill(host.pid, signal.SIGCONT)
    await wait_until(lambda: host.silence < 1, "its heart beats again")


async def test_what_a_host_did_is_known_after_its_end(rig: HostRig) -> None:
    host = await rig.serve()
    async with router(host.address) as stream:
        await stream.hears()
        await stream.write(frame(1, 1, 2, 3))
        await stream.hears_done()
        os.kill(host.pid, signal.SIGKILL)
        await rig.end()
    assert host.work[0].rows_scored == 3
    assert host.done() == host.work
