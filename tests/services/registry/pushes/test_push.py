"""Pushing and pulling models."""

from __future__ import annotations

import asyncio
import hashlib
import os
from pathlib import Path

import grpc
import pytest

from hedgerow.v1.models_pb2 import Feature
from tests.services.registry.harness import Client, Pushed, contents, described, measured, plan_of


async def test_a_push_makes_version_1(client: Client) -> None:
    descriptor = described()
    descriptor.description = "a tree"
    descriptor.metrics.add(name="accuracy", value=0.93)
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
    better = measured(0.9)
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


async def test_one_name_under_two_data_types_is_two_models(client: Client) -> None:
    """A name is unique within its data type: neither push is taken for a version of the other."""
    wine, iris = described("tree"), described("tree", "iris")
    both = await asyncio.gather(client.push(wine, b"same"), client.push(iris, b"same"))
    assert [pushed.model.version for pushed in both] == [1, 1]
    assert all(pushed.created for pushed in both)
    assert (await client.push(wine, b"other")).model.version == 2
    assert await client.list() == ["iris/tree@1", "wine/tree@1", "wine/tree@2"]
    assert (await client.pull("tree", data_type="iris"))[1] == b"same"
    assert (await client.pull("tree"))[1] == b"other"


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


async def test_a_version_without_the_metric_that_the_plan_ranks_by_is_told_so(
    client: Client,
) -> None:
    first = await client.push_in_full(measured(0.9), b"a")
    assert first.lacks_metric == ""
    assert (
        await client.push_in_full(described(), b"b")
    ).lacks_metric == ""  # the plan ranks by none
    plan = plan_of("tree")
    plan.policy.rule.quality.metric = "accuracy"
    await client.apply(plan)
    third = await client.push_in_full(described(), b"c")
    assert (third.created, third.lacks_metric) == (True, "accuracy")
    assert not third.model.descriptor.metrics  # nothing is made up
    assert (await client.push_in_full(described(), b"c")).lacks_metric == "accuracy"
    assert (await client.push_in_full(described("net"), b"c")).lacks_metric == ""  # not in the plan
    on_two = measured(0.9)
    on_two.metrics.add(name="accuracy", value=0.8, data_set="other")
    assert (await client.push_in_full(on_two, b"d")).lacks_metric == "accuracy"
    plan.policy.rule.quality.data_set = "other"
    await client.apply(plan)
    assert (await client.push_in_full(on_two, b"d")).lacks_metric == ""


async def test_older_bytes_again_are_told_with_the_version_that_is_newer(client: Client) -> None:
    first = await client.push_in_full(described(), b"a")
    assert (await client.push_in_full(described(), b"b")).newest == 2
    again = await client.push_in_full(described(), b"a")
    assert (again.model, again.created, again.newest) == (first.model, False, 2)
