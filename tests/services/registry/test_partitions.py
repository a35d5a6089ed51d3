"""The number of partitions of a data type's stream: the plan in force has it, and it never falls."""

from __future__ import annotations

from pathlib import Path

import grpc
import pytest

from hedgerow.plans.streams import StreamSettings
from hedgerow.v1 import plans_pb2 as pb
from services.common.log import Log
from services.registry.settings import RegistrySettings
from tests.services.registry.harness import Client, assert_refused, described, plan_of, registry

REFUSED, INVALID = grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.INVALID_ARGUMENT


@pytest.fixture
async def stocked(client: Client) -> Client:
    """A registry with a tree and a net."""
    for name in ("tree", "net"):
        await client.push(described(name))
    return client


def with_stream(model: str = "tree", partitions: int = 0, tries: int = 0) -> pb.Plan:
    plan = plan_of(model)
    plan.stream.CopyFrom(pb.StreamPlan(partitions=partitions, tries=tries))
    return plan


def partitions(plan: pb.Plan) -> int:
    return StreamSettings.of(plan).partitions


async def test_a_plan_that_does_not_say_how_many_there_are_keeps_them(stocked: Client) -> None:
    assert partitions(await stocked.plan()) == 1  # the default plan
    assert partitions(await stocked.apply(plan_of("tree"))) == 1
    assert (await stocked.apply(with_stream(partitions=8))).stream.partitions == 8
    silent = await stocked.apply(plan_of("net"))
    assert (silent.revision, silent.stream.partitions) == (3, 8)
    assert await stocked.plan() == silent
    assert (await stocked.apply(with_stream("net", tries=3))).stream == pb.StreamPlan(
        partitions=8, tries=3
    )


async def test_they_become_more_by_a_multiple_alone(stocked: Client) -> None:
    await stocked.apply(plan_of("tree"))
    await stocked.apply(with_stream(partitions=6))
    for number, how in ((3, "fewer"), (1, "fewer"), (8, "no multiple of that")):
        message = (
            f"stream.partitions: wine has 6, and {number} are {how}; give a multiple, as 12, or leave it"
            " out to keep 6"
        )
        await assert_refused(stocked.apply(with_stream(partitions=number)), REFUSED, message)
    message = "stream.partitions: 257 are too many; give 1 to 256"
    await assert_refused(stocked.apply(with_stream(partitions=257)), INVALID, message)
    assert (await stocked.plan()).revision == 2
    assert (await stocked.apply(with_stream(partitions=12))).revision == 3
    assert (await stocked.apply(with_stream(partitions=240))).revision == 4
    message = (
        "stream.partitions: wine has 240, and 256 are no multiple of that; leave it out to keep 240"
    )
    await assert_refused(stocked.apply(with_stream(partitions=256)), REFUSED, message)


async def test_the_same_file_again_is_no_revision(stocked: Client) -> None:
    plain = plan_of("tree")
    said = with_stream(partitions=1)
    said.stream.unread = pb.UNREAD_KEEP
    said.join = pb.JOIN_BALANCED
    assert [(await stocked.apply(plan)).revision for plan in (plain, said, plain)] == [1, 1, 1]
    eight = with_stream(partitions=8)
    silent = plan_of("tree")
    assert [(await stocked.apply(plan)).revision for plan in (eight, silent, eight)] == [2, 2, 2]
    silent.join = pb.JOIN_KEYED
    assert (await stocked.apply(silent)).revision == 3


async def test_a_rollback_keeps_them(stocked: Client) -> None:
    await stocked.apply(plan_of("tree"))
    await stocked.apply(with_stream("net", partitions=4))
    back = await stocked.roll_plan_back()
    assert (back.restores, back.models[0].name, back.stream.partitions) == (1, "tree", 4)
    back = await stocked.roll_plan_back(1)
    assert (back.revision, back.stream.partitions) == (3, 4)  # that is in force already


async def test_more_partitions_alone_are_nothing_to_go_back_from(stocked: Client) -> None:
    await stocked.apply(plan_of("tree"))
    await stocked.apply(with_stream("tree", partitions=4))
    with pytest.raises(grpc.aio.AioRpcError, match="has no revision before 2 to go back to"):
        await stocked.roll_plan_back()
    await stocked.apply(plan_of("net"))
    back = await stocked.roll_plan_back()
    assert (back.restores, back.stream.partitions) == (2, 4)


async def test_a_log_that_is_compacted_has_them(
    settings: RegistrySettings, log: Log, tmp_path: Path
) -> None:
    async with registry(settings) as client:
        await client.push(described("tree"))
        applied = await client.apply(with_stream(partitions=8))
    await log.compactor.compact("wine")
    async with registry(settings.model_copy(update={"state_dir": tmp_path / "other"})) as client:
        assert await client.plan() == applied
        assert (await client.apply(plan_of("tree"))).revision == 1
        few = client.apply(with_stream(partitions=2))
        with pytest.raises(grpc.aio.AioRpcError, match="wine has 8, and 2 are fewer"):
            await few
