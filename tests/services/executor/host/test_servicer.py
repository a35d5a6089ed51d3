"""A host's endpoint: credit for frames, and when it has nothing left to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from hedgerow.v1.execution_pb2 import ExecuteRequest, ExecuteResponse
from services.executor.host.servicer import HostServicer, _joined
from tests.services.executor.harness import MODEL, frame, router
from tests.services.router.in_process_host import InProcessHost
from tests.support import wait_until


@pytest.fixture
async def host() -> AsyncIterator[InProcessHost]:
    made = InProcessHost(MODEL, lambda _: ("x", 1.0))
    await made.start(held=True)
    yield made
    await made.close()


def idle(servicer: HostServicer) -> bool:
    return servicer._idle.is_set()


async def test_credit_of_each_frame_comes_back_when_it_is_scored(host: InProcessHost) -> None:
    async with router(host.address) as stream:
        assert (await stream.hears()).credit == 4
        for number in (1, 2, 3):
            await stream.write(frame(number, number))
        await wait_until(lambda: host.servicer.waiting == 3, "they wait")
        host.release()
        done: list[int] = []
        while len(done) < 3:
            done += await stream.hears_done()
        assert done == [1, 2, 3]


def held_up(number: int, task_id: int) -> ExecuteRequest:
    """A frame that left its router 20 s ago; of its minute 40 s are left."""
    request = frame(number, task_id)
    request.sent_ns -= 20 * 10**9
    request.tasks[0].deadline_ns -= 20 * 10**9
    return request


async def test_a_frame_that_was_held_up_on_its_way_has_that_much_less_time(
    host: InProcessHost,
) -> None:
    async with router(host.address) as one, router(host.address) as other:
        await one.write(frame(1, 1))
        await one.write(held_up(2, 2))
        await wait_until(lambda: host.servicer.waiting == 2, "they wait")
        await other.write(held_up(1, 3))  # by this one's clock, as far as we know
        await wait_until(lambda: host.servicer.waiting == 3, "it waits too")
        left = [waiting.deadline - waiting.arrived for waiting in host.inbox._waiting]
        assert left == pytest.approx([60, 40, 60], abs=1)


async def test_a_router_that_comes_hears_which_collectors_are_lost(host: InProcessHost) -> None:
    for address in ("lost:1", "back:1"):
        host.servicer.tell(address, False)
    host.servicer.tell("back:1", True)
    async with router(host.address) as stream:
        heard = await stream.hears()
        assert list(heard.unreachable) == ["lost:1"]
        assert not heard.reachable


async def test_it_is_not_idle_while_what_a_router_left_behind_waits(host: InProcessHost) -> None:
    assert idle(host.servicer)
    async with router(host.address) as stream:
        await stream.write(frame(1, 1))
        await wait_until(lambda: host.servicer.waiting, "it waits")
    await wait_until(lambda: not host.servicer._routers, "the router has left")
    assert not idle(host.servicer)
    host.release()
    async with asyncio.timeout(10):
        await host.servicer.drain()
    assert host.model.asked == [1.0]


async def test_it_is_not_idle_while_results_are_still_to_be_reported(
    host: InProcessHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored, go_on = asyncio.Event(), asyncio.Event()

    async def listen(_: float) -> None:
        scored.set()
        await go_on.wait()

    monkeypatch.setattr("services.executor.host.servicer._WORTH_LISTENING", -1.0)
    monkeypatch.setattr(host.servicer, "_listen", listen)
    host.release()
    async with router(host.address) as stream:
        await stream.write(frame(1, 1))
        await scored.wait()
    await wait_until(lambda: not host.servicer._routers, "the router has left")
    assert not idle(host.servicer)
    go_on.set()
    async with asyncio.timeout(10):
        await host.servicer.drain()
    assert host.inbox.unsettled == 0


def test_a_collector_that_is_lost_again_in_the_same_message_is_lost() -> None:
    lost, back = ExecuteResponse(unreachable=["c:1"]), ExecuteResponse(reachable=["c:1"])
    assert list(_joined([back, lost]).reachable) == []
    assert list(_joined([lost, back]).reachable) == ["c:1"]
    assert _joined([ExecuteResponse(credit=1, done=[1]), ExecuteResponse(credit=2)]).credit == 3
