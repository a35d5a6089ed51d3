"""Streams of which entries are in a snapshot, and streams with gaps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hedgerow.v1.events_pb2 import ModelEvent, Snapshot
from services.common.catalog import Catalog
from services.common.log import Entry, Log, Mark, SnapshotItem
from services.common.log.connection import connect, keys_of
from services.common.log.snapshots import Snapshots
from tests.cluster import on_both
from tests.services.common.events import pushed
from tests.services.common.log.reading import append, connected, following, mirroring
from tests.support import wait_until


@pytest.fixture
async def redis(log_url: str) -> AsyncIterator[Any]:
    async with connect(log_url) as connected:
        yield connected


@pytest.fixture
async def named(log_url: str) -> AsyncIterator[Log]:
    """A log of a mesh that has a name."""
    async with connected(log_url, names_mesh=True) as log:
        await log.models.mesh.look()
        yield log


async def compacted(redis: Any, *ids: str, data_type: str = "wine") -> None:
    """Put the first entries of a stream into its snapshot, up to the last of these."""
    catalog, snapshots = Catalog(), Snapshots(redis)
    for entry_id, fields in await redis.xrange(keys_of(redis).models(data_type), "-", ids[-1]):
        catalog.apply(data_type, ModelEvent.FromString(fields[b"event"]), entry_id.decode())
    assert await snapshots.write(data_type, catalog.snapshot(data_type))
    await snapshots.trim(data_type)


@on_both
async def test_a_start_reads_snapshots_and_what_came_after_them(named: Log, redis: Any) -> None:
    last = await append(named, "a", "b")
    await append(named, "knn", data_type="iris")
    await compacted(redis, last)
    await append(named, "c", after=last)
    async with following(named, "*") as reader:
        await wait_until(lambda: Mark.END in reader.marks, "all is read")
        assert reader.snapshots == ["wine"]
        assert sorted(reader.names) == ["c", "knn"]


@on_both
async def test_a_snapshot_never_goes_back_and_never_comes_from_another_log(
    named: Log, redis: Any
) -> None:
    first = await append(named, "a")
    last = await append(named, "b", after=first)
    snapshots = Snapshots(redis)
    for last_id, is_written in ((first, True), (first, False), (last, True), (first, False)):
        assert await snapshots.write("wine", Snapshot(last_id=last_id)) == is_written
    await redis.delete(keys_of(redis).models("wine"), keys_of(redis).snapshot("wine"))
    assert not await snapshots.write("wine", Snapshot(last_id=last))
    assert not await redis.exists(keys_of(redis).snapshot("wine"))


async def test_what_was_read_and_is_in_the_snapshot_is_no_loss(named: Log, redis: Any) -> None:
    first = await append(named, "a")
    async with following(named, "*") as reader:
        await reader.sees("a")
        last = await append(named, "b", "c", after=first)
        await reader.sees("b", "c")
        await compacted(redis, last)
        await redis.client_kill_filter(_type="normal", skipme=True)
        await append(named, "d", after=last)
        await reader.sees("d")
        assert reader.names == ["a", "b", "c", "d"]
        assert reader.marks == [Mark.BEGIN, Mark.END]


async def test_only_the_data_type_of_which_entries_are_missing_begins_anew(
    named: Log, redis: Any
) -> None:
    first = await append(named, "a")
    await append(named, "knn", data_type="iris")
    async with following(named, "*") as reader, mirroring(named) as mirror:
        await reader.sees("a", "knn")
        await mirror.caught_up.wait()
        # As if it had been away meanwhile: entries come and go between two readings.
        async with redis.pipeline(transaction=True) as pipeline:
            pipeline.xadd(
                keys_of(redis).models("wine"), {"event": b"", "prev": first}, id="9" * 14 + "-1"
            )
            pipeline.xadd(
                keys_of(redis).models("wine"),
                {"event": pushed("c").SerializeToString(), "prev": "9" * 14 + "-1"},
                id="9" * 14 + "-2",
            )
            pipeline.xdel(keys_of(redis).models("wine"), "9" * 14 + "-1", first)
            snapshot = snapshot_of("wine", "a", "b", last_id="9" * 14 + "-1")
            pipeline.hset(keys_of(redis).snapshot("wine"), mapping=snapshot)
            await pipeline.execute()
        await reader.sees("c")
        await wait_until(lambda: reader.marks.count(Mark.END) == 2, "it has begun anew")
        assert reader.marks == [Mark.BEGIN, Mark.END, Mark.END]
        assert reader.snapshots == ["wine"]
        await wait_until(lambda: mirror.catalog.find("wine", "c"), "the mirror has it")
        assert sorted(mirror.catalog.models("wine")) == ["a", "b", "c"]
        assert mirror.catalog.find("iris", "knn")
        assert mirror.catalog.beginnings == 2


@on_both
async def test_entries_that_nobody_has_any_more_stop_nobody(
    named: Log, redis: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    first = await append(named, "a")
    last = await append(named, "b", "c", after=first)
    await redis.xdel(keys_of(redis).models("wine"), first)
    async with following(named, "*") as reader:
        await reader.sees("b", "c")
        await append(named, "d", after=last)
        await reader.sees("d")
        assert reader.names == ["b", "c", "d"]
    assert "entries are missing in the log" in capsys.readouterr().out


async def test_entries_from_before_there_was_a_chain_are_read(named: Log, redis: Any) -> None:
    await redis.xadd(keys_of(redis).data_types, {"data_type": "wine"})
    for name in ("a", "b"):
        last = await redis.xadd(
            keys_of(redis).models("wine"), {"event": pushed(name).SerializeToString()}
        )
    await append(named, "c", after=last.decode())
    async with following(named, "*") as reader:
        await wait_until(lambda: Mark.END in reader.marks, "all is read")
        assert reader.names == ["a", "b", "c"]
        assert reader.snapshots == []


async def test_a_snapshot_that_makes_no_sense_is_skipped(
    named: Log, redis: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    last = await append(named, "a")
    await redis.hset(keys_of(redis).snapshot("wine"), mapping={"id": last, "snapshot": b"\xff\xff"})
    async with following(named, "*") as reader:
        await reader.sees("a")
    assert "a snapshot of the log makes no sense" in capsys.readouterr().out


@on_both
async def test_many_data_types_are_read(named: Log, redis: Any) -> None:
    for number in range(70):  # more than are read in one go
        last = await append(named, "tree", data_type=f"t{number}")
        await compacted(redis, last, data_type=f"t{number}")
    async with following(named, "*") as reader:
        await wait_until(lambda: Mark.END in reader.marks, "all is read")
        assert len([i for i in reader.items if isinstance(i, SnapshotItem)]) == 70
        assert not [i for i in reader.items if isinstance(i, Entry)]


def snapshot_of(data_type: str, *names: str, last_id: str) -> dict[str, bytes | str]:
    catalog = Catalog()
    for name in names:
        catalog.apply(data_type, pushed(name))
    snapshot = catalog.snapshot(data_type)
    snapshot.last_id = last_id
    return {"id": last_id, "snapshot": snapshot.SerializeToString()}
