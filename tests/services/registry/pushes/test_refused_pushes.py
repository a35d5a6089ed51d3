"""Pushes that are refused."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import grpc
import pytest

from hedgerow.v1.models_pb2 import Metric, ModelDescriptor
from hedgerow.v1.registry_pb2 import PushModelRequest
from services.registry.settings import RegistrySettings
from tests.services.registry.harness import Client, contents, described, parts_of, registry

INVALID = grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data_type": ""}, "'' cannot name a data type; use letters"),
        ({"data_type": "a/b"}, "'a/b' cannot name a data type; use letters"),
        ({"name": "tree@1"}, "'tree@1' cannot name a model; use letters"),
        ({"name": "a" * 65}, "cannot name a model; use letters"),
        (
            {"metrics": [Metric(name="f1", value=float("nan"))]},
            "tree: metric 'f1' is nan; give a finite number",
        ),
        (
            {"metrics": [Metric(name="confidence", value=1)]},
            "tree: 'confidence' cannot name a metric: it is a measure of its own",
        ),
        (
            {"sha256": "0" * 64},
            "tree: the definition has the sha256 2d711642b726b04401627ca9fbac32f5",
        ),
        ({"parent": "tree"}, "parent: 'tree': say which version, as in 'tree@3'"),
        ({"model_type": "cobol"}, "no format 'cobol' is installed; there are: "),
        ({"model_type": ""}, "no format '' is installed; there are: "),
        ({"description": "x" * 300_000}, "shorten the description"),
    ],
)
async def test_a_bad_descriptor_is_refused(
    client: Client, change: dict[str, Any], message: str
) -> None:
    descriptor = described()
    for field in change:
        descriptor.ClearField(field)
    descriptor.MergeFrom(ModelDescriptor(**change))
    await assert_refused(client, parts_of(descriptor, b"x"), INVALID, message)


async def test_a_bad_definition_is_refused_in_the_words_of_its_format(client: Client) -> None:
    await assert_refused(
        client, parts_of(described(), b"bad"), INVALID, "stub: these bytes are bad"
    )


async def test_an_empty_definition_is_refused(client: Client) -> None:
    await assert_refused(client, parts_of(described(), b""), INVALID, "tree: no definition came")


async def test_a_push_begins_with_the_descriptor(client: Client) -> None:
    first = "a push has the model's descriptor first, then its verification and tags"
    await assert_refused(client, [PushModelRequest(chunk=b"x")], INVALID, first)
    await assert_refused(client, [PushModelRequest()], INVALID, first)
    await assert_refused(client, [], INVALID, first)


async def test_the_descriptor_comes_once(client: Client) -> None:
    parts = [*parts_of(described(), b"x"), PushModelRequest(descriptor=described())]
    await assert_refused(client, parts, INVALID, "a push has the model's descriptor first")


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


async def assert_refused(
    client: Client, parts: Iterable[PushModelRequest], code: grpc.StatusCode, message: str
) -> None:
    """Push what is refused, and see that nothing has changed."""
    with pytest.raises(grpc.aio.AioRpcError) as refusal:
        await client.stub.PushModel(iter(parts))
    assert refusal.value.code() is code
    assert message in (refusal.value.details() or "")
    assert await client.list() == []
