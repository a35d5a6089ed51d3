"""The life of a service: when it says that it serves, and what it finishes when it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from hedgerow.errors import Unavailable
from services.common import garbage
from services.common.service import LIVENESS, Lifecycle, Service
from services.common.settings import ServiceSettings
from services.common.telemetry import Tracing
from tests.support import wait_until

NAME = "test.Service"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class Life(Service):
    """A service whose steps wait for the test, and are written down."""

    name = "test"
    services = (NAME,)

    def __init__(self) -> None:
        super().__init__(Tracing("test"))
        self.steps: list[str] = []
        self.may_start, self.may_answer, self.may_drain = (asyncio.Event() for _ in range(3))
        self.address = ""
        self.refusal: Exception | None = None

    def add_to(self, server: grpc.aio.Server) -> None:
        handlers: dict[str, Any] = {"Do": grpc.unary_unary_rpc_method_handler(self._do)}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(NAME, handlers),))

    async def _do(self, request: bytes, context: Any) -> bytes:
        self.steps.append("called")
        await self.may_answer.wait()
        self.steps.append("answers")
        return b"done"

    async def start(self, address: str) -> None:
        self.address = address
        self.steps.append("starts")
        await self.may_start.wait()
        if self.refusal is not None:
            raise self.refusal
        self.background(self._for_ever(), "for ever")

    async def _for_ever(self) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.steps.append("background ends")

    async def drain(self) -> None:
        self.steps.append("drains")
        await self.may_drain.wait()

    async def close(self) -> None:
        self.steps.append("closes")


class Running:
    """A service that runs, and a channel to it."""

    def __init__(self, service: Life, lifecycle: Lifecycle, channel: grpc.aio.Channel) -> None:
        self.service = service
        self.lifecycle = lifecycle
        self.do: Any = channel.unary_unary(f"/{NAME}/Do")
        self._health: Any = health_pb2_grpc.HealthStub(channel)
        self.code: asyncio.Task[int] | None = None

    async def health(self, name: str = "") -> int:
        request = health_pb2.HealthCheckRequest(service=name)
        response = await self._health.Check(request)
        status: int = response.status
        return status

    def watch(self) -> Any:
        return self._health.Watch(health_pb2.HealthCheckRequest(service=""))

    async def serves(self) -> None:
        self.service.may_start.set()
        await wait_until(lambda: self.lifecycle.serving_at, "it serves")

    async def ends(self) -> int:
        assert self.code is not None
        async with asyncio.timeout(20):
            return await self.code


@asynccontextmanager
async def running(stop_grace: float = 10.0) -> AsyncIterator[Running]:
    settings = ServiceSettings.model_validate(
        {"host": "127.0.0.1", "port": 0, "drain_delay": "0ms", "stop_grace": timedelta(seconds=stop_grace)}
    )  # fmt: skip
    service = Life()
    lifecycle = Lifecycle(service, settings)
    code = asyncio.create_task(lifecycle.run(), name="run the service")
    await wait_until(lambda: service.address or code.done(), "its server is up")
    async with grpc.aio.insecure_channel(service.address) as channel:
        made = Running(service, lifecycle, channel)
        made.code = code
        try:
            yield made
        finally:
            for may in (service.may_start, service.may_answer, service.may_drain):
                may.set()
            lifecycle.stop()
            await asyncio.wait({code})


async def test_it_says_that_it_serves_when_it_has_started_and_lives_before() -> None:
    async with running() as it:
        assert await it.health(LIVENESS) == SERVING
        assert [await it.health(name) for name in ("", NAME)] == [NOT_SERVING] * 2
        assert not it.lifecycle.serving_at
        await it.serves()
        assert [await it.health(name) for name in ("", NAME)] == [SERVING] * 2
        assert it.lifecycle.serving_at == it.service.address


@pytest.fixture
def at_rest() -> Iterator[None]:
    garbage.rest()
    yield
    garbage.wake()
    gc.unfreeze()


async def test_cycles_are_collected_again_once_it_serves_but_not_what_the_start_made(
    at_rest: None,
) -> None:
    async with running() as it:
        assert not gc.isenabled()
        await it.serves()
        assert gc.isenabled()
        assert gc.get_freeze_count()


async def test_a_service_that_has_to_wait_for_its_start_does_not_pile_up_cycles(
    at_rest: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(garbage, "LONGEST_SECONDS", 0.05)
    async with running() as it:
        await wait_until(gc.isenabled, "cycles are collected again")
        assert not it.lifecycle.serving_at


async def test_a_call_in_flight_is_finished_before_anything_is_given_back() -> None:
    async with running() as it:
        await it.serves()
        call = it.do(b"")
        await wait_until(lambda: "called" in it.service.steps, "the call is there")
        it.lifecycle.stop()
        await wait_until(lambda: "drains" in it.service.steps, "it drains")
        assert await it.health() == NOT_SERVING
        assert await it.health(LIVENESS) == SERVING
        it.service.may_drain.set()
        it.service.may_answer.set()
        assert await call == b"done"
        assert await it.ends() == 0
        assert it.service.steps == [
            "starts", "called", "drains", "answers", "background ends", "closes",
        ]  # fmt: skip


async def test_told_to_stop_while_it_starts_it_never_says_that_it_serves() -> None:
    async with running() as it:
        it.service.may_drain.set()
        it.lifecycle.stop()
        assert await it.ends() == 0
        assert not it.lifecycle.serving_at
        assert it.service.steps == ["starts", "drains", "closes"]


async def test_told_to_stop_twice_it_stops_once() -> None:
    async with running() as it:
        await it.serves()
        it.lifecycle.stop()
        await wait_until(lambda: "drains" in it.service.steps, "it drains")
        it.lifecycle.stop()
        it.service.may_drain.set()
        assert await it.ends() == 0
        assert it.service.steps.count("drains") == it.service.steps.count("closes") == 1


async def test_a_start_that_fails_gives_back_what_it_had() -> None:
    async with running() as it:
        it.service.may_drain.set()
        it.service.refusal = OSError("the disk is full")
        it.service.may_start.set()
        with pytest.raises(OSError, match="full"):
            await it.ends()
        assert not it.lifecycle.serving_at
        assert it.service.steps == ["starts", "drains", "closes"]


async def test_a_background_task_that_fails_stops_the_service_with_an_exit_code() -> None:
    async def fails() -> None:
        raise ValueError("it broke")

    async with running() as it:
        await it.serves()
        it.service.may_drain.set()
        it.service.background(fails(), "fails")
        assert await it.ends() == 1
        assert it.service.steps[-1] == "closes"


async def test_a_drain_and_a_call_that_never_end_are_given_up_after_the_grace() -> None:
    async with running(stop_grace=0.05) as it:
        await it.serves()
        call = it.do(b"")
        await wait_until(lambda: "called" in it.service.steps, "the call is there")
        it.lifecycle.stop()
        assert await it.ends() == 0
        with pytest.raises(grpc.aio.AioRpcError) as lost:
            await call
        assert lost.value.code() is grpc.StatusCode.UNAVAILABLE
        assert it.service.steps[-2:] == ["background ends", "closes"]


async def test_who_watches_its_health_hears_of_the_drain() -> None:
    async with running(stop_grace=0.2) as it:
        watch = it.watch()
        heard = [(await watch.read()).status]
        await it.serves()
        heard.append((await watch.read()).status)
        it.service.may_drain.set()
        it.lifecycle.stop()
        heard.append((await watch.read()).status)
        assert heard == [NOT_SERVING, SERVING, NOT_SERVING]
        watch.cancel()
        assert await it.ends() == 0


async def test_a_port_that_somebody_has_is_named() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            Unavailable, match=f"test: cannot listen on 127.0.0.1:{port}; does another"
        ):
            await Lifecycle(Life(), ServiceSettings(port=port)).run()
