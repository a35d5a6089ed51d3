"""Pushes that break off."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
from redis import Redis

from hedgerow.v1.models_pb2 import ModelDescriptor, ModelVersion
from hedgerow.v1.registry_pb2 import PushModelRequest
from hedgerow.v1.registry_pb2_grpc import add_RegistryServiceServicer_to_server
from services.registry.models import Models, Registered
from services.registry.plans import Plans
from services.registry.servicer import RegistryServicer
from services.registry.settings import RegistrySettings
from tests.services.registry.harness import Client, contents, described
from tests.support import wait_until


async def test_a_push_that_is_cancelled_registers_nothing(client: Client, spool: Path) -> None:
    for chunks in range(30):
        call = client.stub.PushModel()
        await call.write(PushModelRequest(descriptor=described()))
        for _ in range(chunks % 4 + 1):
            await call.write(PushModelRequest(chunk=b"x" * (1 + chunks * 10_000)))
        call.cancel()
    await wait_until(lambda: contents(spool) == [], "nothing is left of the pushes")
    # Whatever those pushes set off is over when one that came after them is.
    await client.push(described("after"), b"y")
    assert await client.list() == ["wine/after@1"]


async def test_a_push_that_is_cancelled_is_never_taken_for_a_whole_one() -> None:
    """The requests of a broken call end as if it were complete, before it is cancelled."""
    begun, whole = [], []

    class Recorder(Models):
        def __init__(self) -> None:
            pass

        async def push(
            self, descriptor: ModelDescriptor, chunks: AsyncIterator[bytes]
        ) -> Registered:
            begun.append(descriptor)
            async for _ in chunks:
                pass
            whole.append(descriptor)
            return Registered(ModelVersion(), True, 1)

    server = grpc.aio.server()
    add_RegistryServiceServicer_to_server(
        RegistryServicer(Recorder(), Plans.__new__(Plans)), server
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = Client(channel)
        for number in range(30):
            call = client.stub.PushModel()
            await call.write(PushModelRequest(descriptor=described()))
            await wait_until(lambda n=number: len(begun) > n, "the push has begun")  # type: ignore[misc]
            call.cancel()
        await client.push(described("whole"))
    await server.stop(None)
    assert [descriptor.name for descriptor in whole] == ["whole"]


async def test_a_push_of_a_client_that_is_killed_registers_nothing(
    client: Client, settings: RegistrySettings, spool: Path
) -> None:
    script = (
        "import os, sys, grpc\n"
        "from hedgerow.v1 import models_pb2, registry_pb2, registry_pb2_grpc\n"
        "def parts():\n"
        "    descriptor = models_pb2.ModelDescriptor(data_type='wine', name='t', model_type='stub')\n"
        "    yield registry_pb2.PushModelRequest(descriptor=descriptor)\n"
        "    for _ in range(5): yield registry_pb2.PushModelRequest(chunk=bytes(1 << 20))\n"
        "    os.kill(os.getpid(), 9)\n"
        "channel = grpc.insecure_channel(sys.argv[1])\n"
        "registry_pb2_grpc.RegistryServiceStub(channel).PushModel(parts())\n"
    )
    address = await one_member(settings)
    for _ in range(3):
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, address)
        assert await process.wait() == -9
    await wait_until(lambda: contents(spool) == [], "nothing is left of the pushes")
    await client.push(described("after"), b"y")
    assert await client.list() == ["wine/after@1"]


async def one_member(settings: RegistrySettings) -> str:
    with Redis.from_url(settings.log_url, decode_responses=True) as redis:
        found: list[str] = []

        def listed() -> bool:
            found[:] = redis.zrange("hedgerow:members:registry", 0, -1)
            return bool(found)

        await wait_until(listed, "the registry's address is listed")
    return found[0]
