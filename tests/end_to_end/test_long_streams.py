"""A stream of records that lasts longer than its router: no answer is lost, doubled or out of place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from hedgerow import AsyncClient, errors
from hedgerow.client import channels
from hedgerow.data.records import Record
from services.common.log import Log
from tests.end_to_end.routers import RunningRouter, all_of, routers
from tests.support import wait_until

_IN_FLIGHT = 8
_OLD_SOON = {"max_connection_age": "300ms", "max_connection_age_grace": "3s"}
_INTAKE_SHARE = "services.router.calls.open_streams._INTAKE_SHARE"


class Stream:
    """A stream of numbers, each of which is its own right answer; it ends when the test says so."""

    def __init__(self, *routers: RunningRouter) -> None:
        self._client = AsyncClient(all_of(*routers))
        self._may_end = asyncio.Event()
        self.sent = 0
        self.answers: list[tuple[str, object]] = []
        """What was asked and what was answered, as they came."""
        self.may_read = asyncio.Event()
        self.may_read.set()
        self._task = asyncio.create_task(self._run(), name="a stream")

    async def _records(self) -> AsyncIterator[Record]:
        while not self._may_end.is_set():
            yield {"ash": float(self.sent)}
            self.sent += 1
            await asyncio.sleep(0)

    async def _run(self) -> None:
        async with self._client as client:
            stream = client.score_stream("wine", self._records(), in_flight=_IN_FLIGHT)
            async for scored in stream:
                assert isinstance(scored.records, dict)
                self.answers.append((f"{scored.records['ash']:g}", scored.answers[0].value))
                await self.may_read.wait()

    async def goes_on(self, count: int = 50) -> None:
        """Wait for so many more answers."""
        wanted = len(self.answers) + count
        await wait_until(lambda: len(self.answers) >= wanted or self._task.done(), "answers come")

    async def moves_between(self, one: RunningRouter, other: RunningRouter) -> None:
        """Wait until each router has had it, lost it and had it again."""
        for _ in range(2):
            for router in (one, other):
                await self._is_at(router)

    async def _is_at(self, router: RunningRouter) -> None:
        before = router.asked
        await wait_until(
            lambda: router.asked > before or self._task.done(), "the router has the stream"
        )

    async def ends_well(self) -> None:
        """End it: what was asked was answered, in order, each once."""
        self._may_end.set()
        await self._task
        assert self.answers == [(str(number), str(number)) for number in range(self.sent)]

    async def fails(self) -> None:
        await self._task


async def _where(*all_routers: RunningRouter) -> tuple[RunningRouter, RunningRouter]:
    """Return the router that has the stream, and the other one."""
    await wait_until(
        lambda: any(router.in_flight == _IN_FLIGHT for router in all_routers), "it has"
    )
    one, other = sorted(all_routers, key=lambda router: router.in_flight, reverse=True)
    return one, other


async def test_a_stream_goes_on_at_another_router_when_its_own_is_killed(
    log: Log, log_url: str
) -> None:
    async with routers(log, log_url) as mesh:
        stream = Stream(*(both := await mesh.two()))
        await stream.goes_on()
        await mesh.host.hold()
        one, other = await _where(*both)
        await one.kill()
        await wait_until(lambda: other.in_flight == _IN_FLIGHT, "what had no answer is sent again")
        mesh.host.release()
        await stream.goes_on()
        await stream.ends_well()


async def test_a_stream_goes_on_at_another_router_when_the_machine_of_its_own_is_lost(
    log: Log, log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = {"grpc.keepalive_time_ms": 500, "grpc.http2.ping_timeout_ms": 500}
    options = tuple((name, quick.get(name, value)) for name, value in channels._OPTIONS)
    monkeypatch.setattr(channels, "_OPTIONS", options)
    async with routers(log, log_url) as mesh:
        stream = Stream(*(both := await mesh.two(stop_grace="100ms")))
        await stream.goes_on()
        await mesh.host.hold()
        one, other = await _where(*both)
        assert one.line is not None
        one.line.silence()
        await wait_until(lambda: other.in_flight == _IN_FLIGHT, "what had no answer is sent again")
        mesh.host.release()
        await stream.goes_on()
        await stream.ends_well()


async def test_a_router_that_stops_answers_what_it_has_of_a_stream_and_the_rest_goes_elsewhere(
    log: Log, log_url: str
) -> None:
    async with routers(log, log_url) as mesh:
        stream = Stream(*(both := await mesh.two(stop_grace="20s")))
        await stream.goes_on()
        await mesh.host.hold()
        one, other = await _where(*both)
        stopping = asyncio.create_task(one.terminate())
        await wait_until(lambda: one.service.scoring._closed, "it admits no more")
        assert other.in_flight == 0
        mesh.host.release()
        await stopping
        await stream.goes_on()
        await stream.ends_well()
        assert one.asked + other.asked == stream.sent  # nothing was computed twice


async def test_a_router_stops_at_once_though_a_client_keeps_a_stream_open(
    log: Log, log_url: str
) -> None:
    async with routers(log, log_url) as mesh:
        router = await mesh.router(stop_grace="60s")
        idle = asyncio.Event()

        async def records() -> AsyncIterator[Record]:
            yield {"ash": 1.0}
            await idle.wait()

        async with AsyncClient(router.address) as client:
            stream = client.score_stream("wine", records())
            assert (await anext(stream)).answers[0].value == "1"
            async with asyncio.timeout(10):
                await router.terminate()
            idle.set()
            assert [scored async for scored in stream] == []  # nothing was missing: no error


async def test_a_stream_outlives_the_age_of_its_connections_and_nothing_is_computed_twice(
    log: Log, log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_INTAKE_SHARE, (0.07, 0.1))  # soon, with much time for the answers
    async with routers(log, log_url) as mesh:
        one, other = await mesh.two(**_OLD_SOON)
        stream = Stream(one, other)
        await stream.moves_between(one, other)
        await stream.ends_well()
        assert one.asked + other.asked == stream.sent


async def test_a_stream_that_a_router_does_not_end_in_time_is_cut_off_and_loses_nothing(
    log: Log, log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_INTAKE_SHARE, (100, 100))
    async with routers(log, log_url) as mesh:
        one, other = await mesh.two(max_connection_age="200ms", max_connection_age_grace="100ms")
        stream = Stream(one, other)
        await stream.moves_between(one, other)
        await stream.ends_well()


async def test_a_stream_whose_reader_is_slow_outlives_the_age_of_its_connections(
    log: Log, log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_INTAKE_SHARE, (0.07, 0.1))
    async with routers(log, log_url) as mesh:
        one, other = await mesh.two(**_OLD_SOON)
        stream = Stream(one, other)
        calls = [router.service._calls._open for router in (one, other)]
        await stream.goes_on()
        for _ in range(2):
            stream.may_read.clear()
            await wait_until(lambda: not any(calls), "the stream's call has ended")
            stream.may_read.set()
            await stream.goes_on()
        await stream.ends_well()
        assert one.asked + other.asked == stream.sent


async def test_a_stream_without_any_router_left_ends_with_unavailable(
    log: Log, log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hedgerow.client.patience.BETWEEN_ANSWERS", 0.3)
    async with routers(log, log_url) as mesh:
        one, other = await mesh.two()
        stream = Stream(one, other)
        await stream.goes_on()
        await one.kill()
        await other.kill()
        with pytest.raises(errors.Unavailable):
            await stream.fails()
        numbers = range(len(stream.answers))
        assert stream.answers == [(str(number), str(number)) for number in numbers]
