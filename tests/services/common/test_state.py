"""What a service says of itself, and what it can say of others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc

import hedgerow
from hedgerow.v1.state_pb2 import GetStateRequest, GetStateResponse
from hedgerow.v1.state_pb2_grpc import StateServiceStub
from services.common.state import Others, StateServicer, ask_all


async def fill(response: GetStateResponse, data_type: str) -> None:
    response.gauges.add(name=f"tasks of {data_type or 'all'}", value=2)


@asynccontextmanager
async def serving(servicer: StateServicer) -> AsyncIterator[str]:
    server = grpc.aio.server()
    servicer.add_to(server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await server.stop(None)


async def state(address: str, **said: Any) -> GetStateResponse:
    async with grpc.aio.insecure_channel(address) as channel:
        response: GetStateResponse = await StateServiceStub(channel).GetState(
            GetStateRequest(**said)
        )
        return response


async def test_a_service_says_who_it_is_and_what_it_was_asked_for() -> None:
    async with serving(StateServicer("router", fill)) as address:
        of_all, of_wine = await state(address), await state(address, data_type="wine")
    assert (of_all.service, of_all.version) == ("router", hedgerow.__version__)
    assert of_all.since.seconds > 0
    assert of_all.since == of_wine.since
    assert [of_all.gauges[0].name, of_wine.gauges[0].name] == ["tasks of all", "tasks of wine"]


async def test_others_are_asked_only_if_that_is_wanted() -> None:
    asked: list[str] = []

    async def others(data_type: str) -> list[GetStateResponse]:
        asked.append(data_type)
        return [GetStateResponse(service="collector")]

    mesh: Others = others
    async with serving(StateServicer("router", fill, mesh)) as address:
        assert not (await state(address, data_type="wine")).others
        assert asked == []
        told = await state(address, data_type="wine", mesh=True)
    assert [other.service for other in told.others] == ["collector"]
    assert asked == ["wine"]


class Silent(StateServicer):
    """Never answers."""

    async def GetState(self, request: Any, context: Any) -> GetStateResponse:
        await asyncio.Event().wait()
        raise AssertionError


async def test_one_that_is_gone_and_one_that_is_silent_keep_nobody_from_answering() -> None:
    async with (
        serving(StateServicer("collector", fill)) as there,
        serving(StateServicer("executor", fill)) as too,
        serving(Silent("collector", fill)) as silent,
    ):
        async with serving(StateServicer("collector", fill)) as gone:
            pass
        found = await ask_all([there, gone, silent, too], "wine")
    assert {(one.address, one.service) for one in found} == {
        (there, "collector"),
        (too, "executor"),
    }
    assert {one.gauges[0].name for one in found} == {"tasks of wine"}


async def test_of_nobody_nothing_is_asked() -> None:
    assert await ask_all([], "") == []
