"""Pushing and pulling models."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

import grpc
import pytest

from hedgerow.v1.models_pb2 import Feature
from tests.services.registry.harness import Client, Pushed, contents, described


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


async def test_a_version_of_which_no_quality_is_said_has_that_of_the_one_before(
    client: Client,
) -> None:
    good = described()
    good.quality = 0.9
    assert not (await client.push_in_full(good, b"a")).quality_inherited
    second = await client.push_in_full(described(), b"b")
    assert second.model.descriptor.quality == 0.9
    assert second.quality_inherited
    third = await client.push_in_full(described(), b"c")
    assert third.model.descriptor.quality == 0.9
    better = described()
    better.quality = 0.95
    fourth = await client.push_in_full(better, b"d")
    assert (fourth.model.descriptor.quality, fourth.quality_inherited) == (0.95, False)


async def test_where_no_version_has_a_quality_none_is_made_up(client: Client) -> None:
    await client.push_in_full(described(), b"a")
    second = await client.push_in_full(described(), b"b")
    assert not second.model.descriptor.HasField("quality")
    assert not second.quality_inherited


async def test_the_same_bytes_again_without_a_quality_are_the_version_there_is(
    client: Client,
) -> None:
    good = described()
    good.quality = 0.9
    first = await client.push_in_full(good, b"a")
    again = await client.push_in_full(described(), b"a")
    assert (again.model, again.created) == (first.model, False)


async def test_older_bytes_again_are_told_with_the_version_that_is_newer(client: Client) -> None:
    first = await client.push_in_full(described(), b"a")
    assert (await client.push_in_full(described(), b"b")).newest == 2
    again = await client.push_in_full(described(), b"a")
    assert (again.model, again.created, again.newest) == (first.model, False, 2)
