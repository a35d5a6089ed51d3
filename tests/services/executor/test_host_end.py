"""The end of a host, at whatever moment it is asked for: drained, killed, or never started."""

from __future__ import annotations

import asyncio
import os
import signal

import grpc
import pytest

from services.executor.processes.host_process import State
from tests.services.executor.harness import HostRig, frame, router, wait_for_end
from tests.support import wait_until


async def test_a_host_that_drains_finishes_what_it_has_and_ends(rig: HostRig) -> None:
    host = await rig.serve(delay_seconds=0.2)
    async with router(host.address) as stream:
        await stream.hears()
        await stream.write(frame(1, 1))
        host.drain()
        assert await stream.hears_done() == [1]
        assert host.state is State.DRAINING
        assert await stream.leave() is grpc.StatusCode.OK
    await rig.end()
    assert host.work[0].rows_scored == 1
    assert host.death == ""
    assert rig.heard == [State.SERVING, State.DRAINING, State.ENDED]


async def test_a_host_asked_to_drain_while_it_loads_never_serves(rig: HostRig) -> None:
    host = await rig.start(load_seconds=0.3)
    host.drain()
    assert host.loaded.is_set()
    await rig.end()
    assert host.death == ""
    assert rig.heard == [State.DRAINING, State.ENDED]


async def test_a_host_asked_to_drain_before_it_is_forked_is_ended_once_it_is(rig: HostRig) -> None:
    start = await rig.begin(load_seconds=60)
    rig.host.drain()
    await start
    await rig.end()
    assert rig.heard == [State.DRAINING, State.ENDED]


async def test_a_host_that_had_ended_before_it_is_asked_to_drain_ends_all_the_same(
    rig: HostRig,
) -> None:
    host = await rig.serve()
    os.kill(host.pid, signal.SIGKILL)
    wait_for_end(host)
    host.drain()
    await rig.end()
    assert rig.heard == [State.SERVING, State.DRAINING, State.ENDED]
    host.drain()
    assert rig.heard[-1] is State.ENDED


async def test_a_host_that_is_killed_twice_keeps_the_first_reason(rig: HostRig) -> None:
    host = await rig.serve()
    host.kill("it hangs")
    wait_for_end(host)
    host.kill("it did not end")
    await rig.end()
    host.kill("it has ended")
    assert host.death == "it hangs"


async def test_a_host_that_died_before_it_is_killed_tells_how_it_died(rig: HostRig) -> None:
    host = await rig.serve()
    os.kill(host.pid, signal.SIGTERM)
    wait_for_end(host)
    host.kill("it hangs")
    await rig.end()
    assert host.death == "the process ended by itself (signal SIGTERM)"


@pytest.mark.parametrize("suspect", [False, True])
async def test_a_host_that_dies_of_records_that_had_failed_before_is_not_to_blame(
    rig: HostRig, suspect: bool
) -> None:
    host = await rig.serve(crash=True)
    async with router(host.address) as stream:
        await stream.hears()
        await stream.write(frame(1, 1, suspect=suspect))
        assert await stream.status() is grpc.StatusCode.UNAVAILABLE
    await rig.end()
    assert host.blameless is suspect
    assert host.death.endswith(", of records that had failed before") is suspect
    assert "signal SIGKILL" in host.death


async def test_a_host_that_dies_after_such_records_is_to_blame(rig: HostRig) -> None:
    host = await rig.serve()
    async with router(host.address) as stream:
        await stream.hears()
        await stream.write(frame(1, 1, suspect=True))
        assert await stream.hears_done() == [1]
    os.kill(host.pid, signal.SIGKILL)
    await rig.end()
    assert not host.blameless


async def test_a_host_that_is_killed_while_it_loads_ends_the_wait_for_it(rig: HostRig) -> None:
    host = await rig.start(load_seconds=60)
    host.kill("it did not load")
    async with asyncio.timeout(20):
        await host.loaded.wait()
    assert host.death == "it did not load"
    assert rig.heard == [State.ENDED]


async def test_a_host_whose_start_is_cancelled_is_forked_all_the_same(rig: HostRig) -> None:
    start = await rig.begin()
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    rig.host.abandon()
    await wait_until(lambda: rig.heard == [State.SERVING], "it serves")


async def test_a_host_that_is_never_started_has_ended_when_it_is_abandoned(rig: HostRig) -> None:
    rig.host.abandon()
    assert rig.heard == [State.ENDED]
    assert rig.host.loaded.is_set()
