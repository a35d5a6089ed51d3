"""Tags, retiring, deleting, and trying again."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable

import grpc
import pytest
from redis import Redis

from hedgerow.formats.verification_checks import check_verification
from hedgerow.v1.models_pb2 import (
    VERSION_STATE_DELETED,
    VERSION_STATE_FAILED,
    VERSION_STATE_LIVE,
    VERSION_STATE_PUSHED,
    VERSION_STATE_RETIRED,
    ModelVersion,
)
from hedgerow.v1.registry_pb2 import (
    PushModelRequest,
    SetTagsRequest,
    Tags,
)
from services.common.log import Log
from services.registry.settings import RegistrySettings
from tests.services.common.events import named, reported
from tests.services.registry.harness import (
    Client,
    assert_refused,
    described,
    plan_of,
    registry,
    verification_of,
)
from tests.services.registry.test_aliases import failed
from tests.support import wait_until

REFUSED, INVALID = grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND

LARGE = os.urandom(1 << 20) * 2 + b"end"


@pytest.fixture
async def stocked(client: Client) -> Client:
    """A registry with three versions of a tree, the newest of which is large."""
    for data in (b"1", b"2", LARGE):
        await client.push(described(), data)
    return client


async def tag(client: Client, version: str, *removed: str, **tags: str) -> ModelVersion:
    request = SetTagsRequest(data_type="wine", model=named(version), set=tags, remove=removed)
    return (await client.stub.SetTags(request)).model


def chunks_in(log_url: str, data: bytes | str) -> int:
    """How many chunks of some bytes, or of a hash, the log has."""
    sha256 = data if isinstance(data, str) else hashlib.sha256(data).hexdigest()
    with Redis.from_url(log_url) as redis:
        return len(redis.keys(f"hedgerow:blob:{sha256}:*"))


# -- tags ------------------------------------------------------------------------------------------


async def test_tags_come_with_a_push_and_change_afterwards(client: Client) -> None:
    tags = PushModelRequest(tags=Tags(tags={"run": "4711", "commit": "9fceb02"}))
    first = await client.push_in_full(described(), b"1", [tags], by="nightly")
    assert first.model.pushed_by.name == "nightly"
    assert dict(first.model.tags) == {"run": "4711", "commit": "9fceb02"}
    other = PushModelRequest(tags=Tags(tags={"run": "4712"}))
    again = await client.push_in_full(described(), b"1", [other])
    assert (again.created, again.model) == (False, first.model)
    changed = await tag(client, "tree@1", "commit", "never-was", run="4712", **{"a/b": ""})
    assert dict(changed.tags) == {"run": "4712", "a/b": ""}
    assert await client.get("tree") == changed
    first.model.tags.clear()
    changed.tags.clear()
    assert changed == first.model


async def test_tags_have_bounds(stocked: Client) -> None:
    key = (
        "'a b' cannot be the key of a tag; use letters, digits, '_', '-', '.' and '/', at most 64, the"
        " first a letter or digit"
    )
    await assert_refused(tag(stocked, "tree@1", **{"a b": ""}), INVALID, key)
    value = "tag 'a': its value must be printable, and at most 1024 characters"
    await assert_refused(tag(stocked, "tree@1", a="x" * 1025), INVALID, value)
    await assert_refused(tag(stocked, "tree@1", a="x\ny"), INVALID, value)
    await tag(stocked, "tree@1", **{f"t{number}": "" for number in range(64)})
    many = "a version has at most 64 tags, and would have 65"
    await assert_refused(tag(stocked, "tree@1", one_more=""), INVALID, many)
    await tag(stocked, "tree@1", "t0", one_more="")
    push = stocked.push_in_full(
        described(), b"4", [PushModelRequest(tags=Tags(tags={"a": "x\ny"}))]
    )
    await assert_refused(push, INVALID, value)


@pytest.mark.parametrize(
    "call",
    [
        lambda client, version: tag(client, version, a="b"),
        lambda client, version: client.retire(version, force=True),
        lambda client, version: client.delete(version, force=True),
        lambda client, version: client.retry(version),
    ],
    ids=["tag", "retire", "delete", "retry"],
)
async def test_which_version_is_always_said_and_must_be_there(
    stocked: Client, call: Callable[[Client, str], Awaitable[object]]
) -> None:
    await assert_refused(
        call(stocked, "tree"), INVALID, "'tree': say which version, as in 'tree@3'"
    )
    message = "no version 'tree@4'; there are: tree@1 to tree@3; in data type 'wine'"
    await assert_refused(call(stocked, "tree@4"), NOT_FOUND, message)
    message = "no model 'oak'; there are: tree; in data type 'wine'"
    await assert_refused(call(stocked, "oak@1"), NOT_FOUND, message)


# -- retiring and deleting -------------------------------------------------------------------------


async def test_a_retired_version_is_still_there_and_pushed_again_it_is_a_new_one(
    stocked: Client,
) -> None:
    assert (await stocked.retire("tree@1")).state == VERSION_STATE_RETIRED
    assert (await stocked.retire("tree@1")).state == VERSION_STATE_RETIRED
    assert (await stocked.pull("tree", 1))[1] == b"1"
    again = await stocked.push(described(), b"1")
    assert (again.model.version, again.created) == (4, True)


async def test_a_deleted_version_is_known_and_its_bytes_are_gone(
    stocked: Client, log_url: str
) -> None:
    await stocked.apply(plan_of("tree@1"))
    model = await stocked.get("tree", 3)
    assert await stocked.delete("tree@3") == len(LARGE)
    assert chunks_in(log_url, LARGE) == 0
    assert await stocked.get("tree", 3) == model
    assert (await stocked.life("tree@3")).state == VERSION_STATE_DELETED
    await assert_refused(stocked.pull("tree", 3), REFUSED, "tree@3 is deleted: its bytes are gone")
    message = "tree@3 is deleted already; what it was stays known"
    for force in (False, True):
        await assert_refused(stocked.delete("tree@3", force), REFUSED, message)
    assert (await stocked.retire("tree@3")).state == VERSION_STATE_DELETED
    again = await stocked.push(described(), LARGE)
    assert (again.model.version, again.created) == (4, True)
    assert (await stocked.pull("tree", 4))[1] == LARGE


async def test_bytes_that_another_version_has_too_stay_whatever_its_data_type(
    stocked: Client, log_url: str
) -> None:
    await stocked.push(described("knn", data_type="iris"), LARGE)
    await stocked.apply(plan_of("tree@1"))
    assert await stocked.delete("tree@3") == 0
    assert (await stocked.pull("knn", 1, "iris"))[1] == LARGE
    assert await stocked.delete("knn@1", force=True, data_type="iris") == len(LARGE)
    assert chunks_in(log_url, LARGE) == 0


async def test_the_bytes_of_its_verification_go_too(client: Client, log_url: str) -> None:
    verification = verification_of(*range(1000))
    part = PushModelRequest(verification=verification)
    first = (await client.push_in_full(described(), b"1", [part])).model
    await client.push_in_full(described("net"), b"2", [part])
    size = len(check_verification(verification, first.signature, "wine").SerializeToString())
    assert chunks_in(log_url, first.verification_sha256) == 1
    assert await client.delete("tree@1", force=True) == 1
    assert chunks_in(log_url, first.verification_sha256) == 1
    assert await client.delete("net@1", force=True) == 1 + size
    assert chunks_in(log_url, first.verification_sha256) == 0


async def test_what_an_alias_points_to_is_needed(stocked: Client) -> None:
    await stocked.alias("tree@1")
    message = (
        "tree@1 is needed: tree@champion points to it; have that point to another version first, or force"
        " it, which removes the alias"
    )
    await assert_refused(stocked.retire("tree@1"), REFUSED, message)
    await assert_refused(stocked.delete("tree@1"), REFUSED, message)
    await stocked.alias("tree@1", "old")
    await stocked.alias("tree@2", "other")
    assert not (await stocked.retire("tree@1", force=True)).aliases
    assert list((await stocked.life("tree@2")).aliases) == ["other"]


@pytest.mark.parametrize(
    ("plan", "which"),
    [((), "the default plan"), (("tree",), "revision 1"), (("tree@3",), "revision 1")],
)
async def test_what_the_plan_answers_with_is_needed(
    stocked: Client, plan: tuple[str, ...], which: str
) -> None:
    if plan:
        await stocked.apply(plan_of(*plan))
    message = (
        f"tree@3 is needed: the plan of wine ({which}) answers with it; apply one that does not, or force"
        " it"
    )
    await assert_refused(stocked.retire("tree@3"), REFUSED, message)
    await assert_refused(stocked.delete("tree@3"), REFUSED, message)
    await stocked.retire("tree@2")
    assert (await stocked.retire("tree@3", force=True)).state == VERSION_STATE_RETIRED
    assert await stocked.delete("tree@3") == len(LARGE)


async def test_what_answers_until_another_serves_is_needed(stocked: Client, log: Log) -> None:
    await log.models.report("wine", reported("tree@3"))

    async def live() -> bool:
        return (await stocked.life("tree@3")).state == VERSION_STATE_LIVE

    await wait_until(live, "the registry knows that it serves")
    await stocked.apply(plan_of("tree@1"))
    message = (
        "tree@3 is needed: the plan of wine (revision 1) answers with it; apply one that does not, or force"
        " it"
    )
    await assert_refused(stocked.retire("tree@3"), REFUSED, message)
    await log.models.report("wine", reported("tree@1"))

    async def moved() -> bool:
        return (await stocked.life("tree@1")).state == VERSION_STATE_LIVE

    await wait_until(moved, "the registry knows that the other serves")
    await stocked.retire("tree@3")


async def test_a_newest_that_failed_is_not_needed(stocked: Client, log: Log) -> None:
    await failed(stocked, log, "tree@3")
    assert (await stocked.retire("tree@3")).state == VERSION_STATE_RETIRED


async def test_bytes_that_are_pushed_while_they_are_deleted_are_there(
    stocked: Client, settings: RegistrySettings
) -> None:
    async with registry(settings) as other:
        await stocked.apply(plan_of("tree@1"))
        for version in range(3, 11):
            await asyncio.gather(
                stocked.delete(f"tree@{version}", force=True),
                other.push(described(), LARGE),
                other.push(described(data_type=f"t{version}"), LARGE),
            )
            await other.push(described(), LARGE)
            assert (await other.pull("tree"))[1] == LARGE
            assert (await other.pull("tree", 1, f"t{version}"))[1] == LARGE


async def test_what_a_deletion_left_behind_is_removed_by_the_next_registry(
    settings: RegistrySettings, log_url: str
) -> None:
    async with registry(settings) as client:
        await client.push(described(), LARGE)
        await client.push(described(), b"kept")
        await client.push(described("net"), b"kept")
        await client.apply(plan_of("tree@2"))
        await client.delete("tree@1")
        await client.delete("net@1", force=True)
    with Redis.from_url(log_url) as redis:
        for number in range(3):  # as if the registry had ended in between
            redis.set(f"hedgerow:blob:{hashlib.sha256(LARGE).hexdigest()}:{number}", b"x")
        kept = f"hedgerow:blob:{hashlib.sha256(b'kept').hexdigest()}:0"
        redis.pexpire(kept, 60_000)
        async with registry(settings):
            await wait_until(lambda: chunks_in(log_url, LARGE) == 0, "they are removed")
            await wait_until(lambda: redis.ttl(kept) == -1, "what is needed is spared")


# -- trying again ----------------------------------------------------------------------------------


async def test_what_failed_is_tried_again_when_somebody_asks(stocked: Client, log: Log) -> None:
    message = "tree@1 has not failed anywhere; there is nothing to try again"
    await assert_refused(stocked.retry("tree@1"), REFUSED, message)
    await failed(stocked, log, "tree@1")
    life = await stocked.life("tree@1")
    assert (life.state, life.reason) == (VERSION_STATE_FAILED, "no such tensor")
    assert (await stocked.retry("tree@1")).state == VERSION_STATE_PUSHED
    await stocked.retire("tree@1")
    message = "tree@1 is retired and is not tried again; push it again for a new version"
    await assert_refused(stocked.retry("tree@1"), REFUSED, message)
