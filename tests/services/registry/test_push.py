"""Pushing and pulling models."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import grpc
import pytest
from redis import Redis

from hedgerow.v1.models_pb2 import Feature, ModelDescriptor, ModelVersion
from hedgerow.v1.registry_pb2 import PushModelRequest
from hedgerow.v1.registry_pb2_grpc import add_RegistryServiceServicer_to_server
from services.registry.models import Models, Registered
from services.registry.plans import Plans
from services.registry.servicer import RegistryServicer
from services.registry.settings import RegistrySettings
from tests.services.registry.harness import Client, Pushed, described, parts_of, registry
from tests.support import wait_until

INVALID = grpc.StatusCode.INVALID_ARGUMENT


async def test_a_push_makes_version_1(client: Client) -> None:
    descriptor = described()
    descriptor.description, descriptor.quality = "a tree", 0.93
    model, created = await client.push(descriptor, b"some bytes")
    assert created
    assert model.version == 1
    assert model.descriptor == descriptor
    assert [feature.name for feature in model.signature.features] == ["x"]
    assert model.sha256 == hashlib.sha256(b"some bytes").hexdigest()
    assert model.size == 10
    assert model.pushed_at.seconds > 0
    assert await client.get("tree") == model


async def test_other_bytes_or_another_descriptor_make_the_next_version(client: Client) -> None:
    better = described()
    better.quality = 0.9
    pushes = [
        await client.push(described(), b"a"),
        await client.push(described(), b"b"),
        await client.push(better, b"b"),
        await client.push(described("net"), b"b"),
        await client.push(described(data_type="iris"), b"b"),
    ]
    assert [(push.model.version, push.created) for push in pushes] == [
        (1, True),
        (2, True),
        (3, True),
        (1, True),
        (1, True),
    ]
    listed = ["iris/tree@1", "wine/net@1", "wine/tree@1", "wine/tree@2", "wine/tree@3"]
    assert await client.list() == listed
    assert await client.list("wine") == listed[1:]


async def test_the_same_again_is_the_same_version(client: Client) -> None:
    first = await client.push(described(), b"a")
    await client.push(described(), b"b")
    again = await client.push(described(), b"a")
    assert again == Pushed(first.model, created=False)
    assert await client.list() == ["wine/tree@1", "wine/tree@2"]


async def test_descriptors_are_compared_by_what_they_mean(client: Client) -> None:
    first = await client.push(described())
    told = described()
    told.signature.features.add(name="x")  # what the format finds by itself
    assert await client.push(told) == Pushed(first.model, created=False)
    other = described()
    other.signature.features.add(name="y", type=Feature.TYPE_STRING)
    assert (await client.push(other)).created


async def test_concurrent_pushes_get_one_version_each(client: Client) -> None:
    pushes = await asyncio.gather(
        *(client.push(described(), b"%d" % number) for number in range(12))
    )
    assert sorted(push.model.version for push in pushes) == list(range(1, 13))


async def test_the_same_pushed_at_once_is_one_version(client: Client) -> None:
    pushes = await asyncio.gather(*(client.push(described(), bytes(3 << 20)) for _ in range(4)))
    assert [push.model.version for push in pushes] == [1] * 4
    assert sum(push.created for push in pushes) == 1


async def test_100_megabytes_come_back_as_they_went(client: Client, spool: Path) -> None:
    data = os.urandom(1 << 20) * 100 + b"end"
    model, _ = await client.push(described("large"), data)
    pulled, got = await client.pull("large")
    assert pulled == model
    assert got == data
    assert contents(spool) == []


async def test_each_version_has_its_own_bytes(client: Client) -> None:
    for data in (b"a", bytes(2 << 20), b"c"):
        await client.push(described(), data)
    assert [await client.pull("tree", n) for n in (1, 2, 3)] == [
        (await client.get("tree", 1), b"a"),
        (await client.get("tree", 2), bytes(2 << 20)),
        (await client.get("tree", 3), b"c"),
    ]
    assert (await client.pull("tree"))[1] == b"c"


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data_type": ""}, "'' cannot name a data type; use letters"),
        ({"data_type": "a/b"}, "'a/b' cannot name a data type; use letters"),
        ({"name": "tree@1"}, "'tree@1' cannot name a model; use letters"),
        ({"name": "a" * 65}, "cannot name a model; use letters"),
        ({"quality": 1.01}, "tree: quality 1.01 is not between 0 and 1"),
        ({"quality": -0.1}, "tree: quality -0.1 is not between 0 and 1"),
        ({"quality": float("nan")}, "tree: quality nan is not between 0 and 1"),
        ({"model_type": "cobol"}, "no format 'cobol' is installed; there are: "),
        ({"model_type": ""}, "no format '' is installed; there are: "),
        ({"description": "x" * 300_000}, "shorten the description"),
    ],
)
async def test_a_bad_descriptor_is_refused(
    client: Client, change: dict[str, str | float], message: str
) -> None:
    descriptor = described()
    descriptor.MergeFrom(ModelDescriptor(**change))  # type: ignore[arg-type]
    for field in change:
        setattr(descriptor, field, change[field])
    await refused(client, parts_of(descriptor, b"x"), INVALID, message)


async def test_a_bad_definition_is_refused_in_the_words_of_its_format(client: Client) -> None:
    await refused(client, parts_of(described(), b"bad"), INVALID, "stub: these bytes are bad")


async def test_an_empty_definition_is_refused(client: Client) -> None:
    await refused(client, parts_of(described(), b""), INVALID, "tree: no definition came")


async def test_a_push_begins_with_the_descriptor(client: Client) -> None:
    first = "a push begins with the model's descriptor"
    await refused(client, [PushModelRequest(chunk=b"x")], INVALID, first)
    await refused(client, [PushModelRequest()], INVALID, first)
    await refused(client, [], INVALID, first)


async def test_the_descriptor_comes_once(client: Client) -> None:
    parts = [*parts_of(described(), b"x"), PushModelRequest(descriptor=described())]
    await refused(client, parts, INVALID, "after the descriptor a push has chunks")


async def test_a_definition_over_the_limit_is_refused(
    settings: RegistrySettings, spool: Path
) -> None:
    small = settings.model_copy(update={"max_definition_bytes": 2 << 20})
    async with registry(small) as client:
        await client.push(described("fits"), bytes(2 << 20))
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await client.push(described(), bytes((2 << 20) + 1))
        assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "over this registry's limit of 2097152 bytes" in (refusal.value.details() or "")
        assert await client.list() == ["wine/fits@1"]
    assert contents(spool) == []


@pytest.mark.parametrize(
    ("name", "version", "data_type", "message"),
    [
        ("tree", 0, "beer", "no data type 'beer'; there are: iris, wine"),
        ("forest", 0, "wine", "no model 'forest'; there are: tree; in data type 'wine'"),
        ("tree", 3, "wine", "no version 'tree@3'; there are: tree@1; in data type 'wine'"),
    ],
)
async def test_what_is_not_there_is_told_with_what_is(
    client: Client, name: str, version: int, data_type: str, message: str
) -> None:
    await client.push(described())
    await client.push(described("knn", data_type="iris"))
    for call in (client.get(name, version, data_type), client.pull(name, version, data_type)):
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await call
        assert refusal.value.code() is grpc.StatusCode.NOT_FOUND
        assert refusal.value.details() == message


async def test_listing_an_unknown_data_type_names_those_there_are(client: Client) -> None:
    assert await client.list() == []
    with pytest.raises(grpc.aio.AioRpcError, match="no data type 'wine'; there are: none yet"):
        await client.list("wine")


# -- pushes that break off -------------------------------------------------------------------------


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
            return ModelVersion(), True

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


async def refused(
    client: Client, parts: Iterable[PushModelRequest], code: grpc.StatusCode, message: str
) -> None:
    """Push what is refused, and see that nothing has changed."""
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await client.stub.PushModel(iter(parts))
    assert refusal.value.code() is code
    assert message in (refusal.value.details() or "")
    assert await client.list() == []


def contents(folder: Path) -> list[Path]:
    return list(folder.iterdir())
