"""Single calls of a client that knows several routers: they are spread, and none fails with a router."""

from __future__ import annotations

import asyncio

from hedgerow import AsyncClient
from hedgerow.data.answers import Answer
from services.common.log import Log
from tests.end_to_end.routers import RunningRouter, all_of, routers
from tests.support import wait_until


async def _score(client: AsyncClient, number: int) -> Answer:
    answer = await client.score("wine", {"ash": float(number)})
    assert answer.value == str(number)
    return answer


async def _reaches_all(client: AsyncClient, *all_routers: RunningRouter) -> None:
    """Have the client connected to each."""

    async def asked() -> bool:
        await _score(client, 0)
        return all(router.asked for router in all_routers)

    await wait_until(asked, "the client has asked every router")


async def test_the_calls_of_a_client_are_spread_evenly(log: Log, log_url: str) -> None:
    async with routers(log, log_url) as mesh:
        one, other = await mesh.two()
        async with AsyncClient(all_of(one, other)) as client:
            await _reaches_all(client, one, other)
            before = one.asked, other.asked
            for number in range(20):
                await _score(client, number)
            assert (one.asked - before[0], other.asked - before[1]) == (10, 10)


async def test_calls_in_flight_at_a_router_that_is_killed_are_answered_by_the_other(
    log: Log, log_url: str
) -> None:
    async with routers(log, log_url) as mesh:
        one, other = await mesh.two()
        async with AsyncClient(all_of(one, other)) as client:
            await _reaches_all(client, one, other)
            await mesh.host.hold()
            calls = [asyncio.create_task(_score(client, number)) for number in range(40)]
            await wait_until(lambda: one.in_flight == other.in_flight == 20, "all are in flight")
            await one.kill()
            await wait_until(lambda: other.in_flight == 40, "the other router has all")
            mesh.host.release()
            await asyncio.gather(*calls)


async def test_no_call_fails_while_a_router_is_stopped(log: Log, log_url: str) -> None:
    async with routers(log, log_url) as mesh:
        one, other = await mesh.two()
        async with AsyncClient(all_of(one, other)) as client:
            await _reaches_all(client, one, other)
            stopped = asyncio.Event()

            async def caller(number: int) -> None:
                while not stopped.is_set():
                    await _score(client, number)

            callers = [asyncio.create_task(caller(number)) for number in range(32)]
            before = one.asked
            await wait_until(lambda: one.asked > before + 100, "there is load")
            await one.terminate()
            before = other.asked
            await wait_until(lambda: other.asked > before + 100, "the other one goes on")
            stopped.set()
            await asyncio.gather(*callers)
