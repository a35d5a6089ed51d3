"""Aliases: names that move from version to version, and back."""

from __future__ import annotations

import grpc
import pytest

from hedgerow.v1.events_pb2 import AliasChange
from hedgerow.v1.models_pb2 import VERSION_STATE_FAILED
from hedgerow.v1.registry_pb2 import (
    GetModelRequest,
    ListAliasesRequest,
    PullModelRequest,
    SetAliasRequest,
)
from services.common.log import Log
from tests.cluster import on_both
from tests.services.common.events import named, reported
from tests.services.registry.harness import Client, assert_refused, described, plan_of
from tests.support import wait_until

REFUSED, INVALID = grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND


@pytest.fixture
async def stocked(client: Client) -> Client:
    """A registry with four versions of a tree, and a net."""
    for data in (b"1", b"2", b"3", b"4"):
        await client.push(described(), data)
    await client.push(described("net"))
    return client


async def failed(client: Client, log: Log, version: str, reason: str = "no such tensor") -> None:
    """A version fails on an executor."""
    await log.models.report("wine", reported(version, VERSION_STATE_FAILED, reason=reason))

    async def known() -> bool:
        return (await client.life(version)).state == VERSION_STATE_FAILED

    await wait_until(known, f"the registry knows that {version} failed")


async def test_an_alias_is_set_and_found_by(stocked: Client) -> None:
    moved = await stocked.alias("tree@2", by="ann")
    assert (moved.alias.version, moved.changed) == (2, True)
    again = await stocked.alias("tree@2", by="bob")
    assert (again.alias, again.changed) == (moved.alias, False)
    request = GetModelRequest(data_type="wine", name="tree", alias="champion")
    found = await stocked.stub.GetModel(request)
    assert (found.model.version, list(found.life.aliases)) == (2, ["champion"])
    pull = PullModelRequest(data_type="wine", name="tree", alias="champion")
    parts = [part async for part in stocked.stub.PullModel(pull)]
    assert parts[1].chunk == b"2"
    newest = SetAliasRequest(data_type="wine", model=named("tree"), alias="latest")
    assert (await stocked.stub.SetAlias(newest)).alias.version == 4


@on_both
async def test_its_history_says_when_who_and_what(stocked: Client) -> None:
    for version in ("tree@1", "tree@2", "tree@3"):
        await stocked.alias(version, by="ann")
    await stocked.go_back("tree")
    await stocked.delete_alias("tree")
    await stocked.alias("net@1", "canary")
    request = ListAliasesRequest(data_type="wine", name="tree")
    (known,) = (await stocked.stub.ListAliases(request)).aliases
    assert (known.name, known.alias.alias, known.alias.version) == ("tree", "champion", 0)
    changes = list(known.alias.changes)
    assert [(c.version, c.rollback, c.by.name) for c in changes] == [
        (1, False, "ann"),
        (2, False, "ann"),
        (3, False, "ann"),
        (2, True, ""),
        (0, False, ""),
    ]
    assert all(_is_told(change) for change in changes)
    listed = (await stocked.stub.ListAliases(ListAliasesRequest(data_type="wine"))).aliases
    assert [(one.name, one.alias.alias) for one in listed] == [
        ("net", "canary"),
        ("tree", "champion"),
    ]


def _is_told(change: AliasChange) -> bool:
    return change.at.seconds > 0 and change.by.address.startswith("ipv4:127.0.0.1:")


@on_both
async def test_a_rollback_goes_back_past_what_cannot_serve_and_never_to_what_was_left(
    stocked: Client, log: Log
) -> None:
    for version in ("tree@1", "tree@2", "tree@3", "tree@4"):
        await stocked.alias(version)
    await failed(stocked, log, "tree@3")
    assert (await stocked.go_back("tree")).version == 2
    await stocked.retire("tree@4", force=True)
    assert (await stocked.go_back("tree")).version == 1
    message = (
        "tree@champion is tree@1 and has nothing to go back to: it pointed to no other version before that"
        " may serve; `hedgerow models promote` sets it"
    )
    await assert_refused(stocked.go_back("tree"), REFUSED, message)


async def test_a_version_that_cannot_serve_gets_no_alias(stocked: Client, log: Log) -> None:
    await failed(stocked, log, "tree@2")
    message = (
        "tree@2 cannot serve: no such tensor; mend what is wrong, then"
        " `hedgerow models retry wine/tree@2`"
    )
    await assert_refused(stocked.alias("tree@2"), REFUSED, message)
    await stocked.retire("tree@1")
    message = "tree@1 is retired and never serves again; push it again for a new version"
    await assert_refused(stocked.alias("tree@1"), REFUSED, message)
    await stocked.delete("tree@1")
    message = "tree@1 is deleted and never serves again; push it again for a new version"
    await assert_refused(stocked.alias("tree@1"), REFUSED, message)
    await stocked.retry("tree@2")
    assert (await stocked.alias("tree@2")).changed


async def test_what_is_not_there_is_told_with_what_is(stocked: Client) -> None:
    await stocked.alias("tree@1")
    await stocked.alias("tree@1", "old")
    await stocked.delete_alias("tree", "old")
    of_tree = "of model 'tree' in data type 'wine'"
    message = f"no alias 'old'; there are: champion; {of_tree}"
    await assert_refused(stocked.go_back("tree", "old"), NOT_FOUND, message)
    await assert_refused(stocked.delete_alias("tree", "old"), NOT_FOUND, message)
    message = "no alias 'champion'; there are: none yet; of model 'net' in data type 'wine'"
    await assert_refused(stocked.go_back("net"), NOT_FOUND, message)
    message = "no model 'oak'; there are: net, tree; in data type 'wine'"
    await assert_refused(stocked.alias("oak@1"), NOT_FOUND, message)
    await assert_refused(stocked.go_back("oak"), NOT_FOUND, message)
    message = "no version 'tree@9'; there are: tree@1 to tree@4; in data type 'wine'"
    await assert_refused(stocked.alias("tree@9"), NOT_FOUND, message)
    request = ListAliasesRequest(data_type="beer")
    message = "no data type 'beer'; there are: wine"
    await assert_refused(stocked.stub.ListAliases(request), NOT_FOUND, message)
    apply = stocked.apply(plan_of("tree@old"))
    await assert_refused(apply, NOT_FOUND, f"no alias 'old'; there are: champion; {of_tree}")


@pytest.mark.parametrize("alias", ["3", "", "a/b", "a" * 65])
async def test_what_could_be_a_version_is_no_alias(stocked: Client, alias: str) -> None:
    message = (
        f"{alias!r} cannot be an alias; use letters, digits, '_', '-' and '.', at most 64,"
        " the first a letter"
    )
    await assert_refused(stocked.alias("tree@1", alias), INVALID, message)
    await assert_refused(stocked.go_back("tree", alias), INVALID, message)
    await assert_refused(stocked.delete_alias("tree", alias), INVALID, message)


async def test_a_version_and_an_alias_are_not_asked_for_together(stocked: Client) -> None:
    await stocked.alias("tree@1")
    request = GetModelRequest(data_type="wine", name="tree", version=2, alias="champion")
    message = "tree: a version (2) and an alias (champion) are given; give one of the two"
    await assert_refused(stocked.stub.GetModel(request), INVALID, message)


async def test_an_alias_that_the_plan_follows_moves_it_and_cannot_be_deleted(
    stocked: Client,
) -> None:
    await stocked.alias("tree@1")
    await stocked.apply(plan_of("tree@champion"))
    await stocked.alias("tree@3")
    assert await stocked.answers() == [(3, 1, 4)]
    await stocked.go_back("tree")
    assert await stocked.answers() == [(1, 3, 4)]
    message = (
        "the plan of wine (revision 1) follows tree@champion; apply one that does not, then delete the"
        " alias"
    )
    await assert_refused(stocked.delete_alias("tree"), REFUSED, message)
    await stocked.apply(plan_of("tree"))
    await stocked.delete_alias("tree")
