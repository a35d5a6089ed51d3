"""Pushes that break off."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from redis import Redis

from hedgerow.v1.models_pb2 import Identity, ModelVersion
from hedgerow.v1.registry_pb2 import PushModelRequest
from hedgerow.v1.registry_pb2_grpc import add_RegistryServiceServicer_to_server
from services.registry.admission import Push
from services.registry.aliases import Aliases
from services.registry.lifecycle import Lifecycle
from services.registry.models import Models, Registered
from services.registry.plans import Plans
from services.registry.servicer import RegistryServicer
from services.registry.settings import RegistrySettings
from tests.services.registry.harness import Client, contents, described, registry
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
    others: tuple[Any, ...] = (Plans, Aliases, Lifecycle)

    class Recorder(Models):
        def __init__(self) -> None:
            pass

        async def push(self, push: Push, chunks: AsyncIterator[bytes], by: Identity) -> Registered:
            begun.append(push.descriptor)
            async for _ in chunks:
                pass
            whole.append(push.descriptor)
            return Registered(ModelVersion(), True, 1)

    unused: Any = (None, None, None)
    server = grpc.aio.server()
    add_RegistryServiceServicer_to_server(
        RegistryServicer(Recorder(), *(kind.__new__(kind) for kind in others), *unused), server
    )
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        client = Client(channel)
        for number in range(30):
            call = client.stub.PushModel()
            await call.write(PushModelRequest(descriptor=described()))
            await call.write(PushModelRequest(chunk=b"x"))
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


async def test_a_definition_for_which_the_registry_has_no_room_is_refused_with_the_reason(
    log_url: str, disk: Path
) -> None:
    settings = RegistrySettings(
        log_url=log_url, port=0, spool_dir=disk, empty_log_patience=timedelta()
    )
    async with registry(settings) as client:
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await client.push(described(), b"x" * 3 * 1024 * 1024)
        assert refusal.value.code() == grpc.StatusCode.UNAVAILABLE
        assert "No space left on device" in str(refusal.value.details())
        assert "HEDGEROW_REGISTRY_SPOOL_DIR" in str(refusal.value.details())
        assert contents(disk) == []
        assert (await client.push(described(), b"small")).created
