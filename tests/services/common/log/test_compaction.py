"""The log compacts, and whoever does it may die at any moment."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hedgerow.v1.events_pb2 import ModelEvent, Snapshot
from hedgerow.v1.models_pb2 import VersionName
from services.common.catalog import Catalog
from services.common.log import Log
from services.common.log.blobs import Blobs
from services.common.log.connection import connect, keys_of
from services.common.log.snapshots import Snapshots
from tests.cluster import on_both
from tests.services.common.events import applied, pushed
from tests.services.common.log.reading import append, connected, following, inside, mirroring
from tests.support import wait_until

STEPS = [
    (f"{moment} {kind.__name__}.{step}", kind, step, moment)
    for kind, step in ((Blobs, "write"), (Blobs, "keep"), (Snapshots, "write"), (Snapshots, "trim"))
    for moment in ("before", "after")
]
DEATHS = {name: (kind, step, moment) for name, kind, step, moment in STEPS}


class Died(Exception):
    """In place of the end of a process."""


@pytest.fixture
async def log(log_url: str) -> AsyncIterator[Log]:
    async with connected(log_url, names_mesh=True) as log:
        await log.models.mesh.look()
        yield log


async def filled(log: Log) -> Snapshot:
    """A log of versions of which the bytes are inside of their entries; return what it comes to."""
    last = "0-0"
    for event in (
        inside("tree"),
        inside("net"),
        inside("tree", 2, data=b"two"),
        ModelEvent(retired=VersionName(name="tree", version=1)),
        applied(1, "tree", "net"),
        inside("tree", 3, data=b"three"),
    ):
        last = (await log.models.append("wine", event, last)).id
    return await fold(log)


async def fold(log: Log) -> Snapshot:
    """What a follower comes to that starts now, but for where bytes are."""
    async with mirroring(log) as mirror:
        await mirror.caught_up.wait()
        return told_of(mirror.catalog)


def told_of(catalog: Catalog) -> Snapshot:
    snapshot = catalog.snapshot("wine")
    for model in snapshot.models:
        for version in model.versions:
            version.entry_id = ""
            version.pushed.ClearField("definition")
    return snapshot


async def is_whole(log: Log, catalog: Catalog) -> bool:
    """Tell whether the bytes of all versions can be read."""
    return {
        b"".join([p async for p in log.definitions.read(version.definition)])
        for version in catalog.versions("wine")
    } == {b"x", b"two", b"three"}


@on_both
async def test_a_compacted_stream_comes_to_the_same(log: Log, log_url: str) -> None:
    before = await filled(log)
    async with mirroring(log) as follower, connect(log_url) as redis:
        await follower.caught_up.wait()
        await log.compactor.compact("wine")
        assert await redis.xlen(keys_of(redis).models("wine")) == 1
        assert await fold(log) == before
        last = await append(log, "later", after=before.last_id)
        await follower.reach("wine", last)
        assert told_of(follower.catalog) == await fold(log)
        assert follower.catalog.beginnings == 1
        # Who has read the entries looks for the bytes where they were.
        assert follower.catalog.definition("wine", "tree", 2).entry_id
        assert await is_whole(log, follower.catalog)
    async with mirroring(log) as late:
        await late.caught_up.wait()
        definition = late.catalog.definition("wine", "tree", 2)
        assert (definition.chunks, definition.entry_id) == (1, "")
        assert await is_whole(log, late.catalog)


@on_both
@pytest.mark.parametrize("step", DEATHS)
async def test_one_that_dies_at_any_step_changes_nothing_for_those_who_follow(
    log: Log, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await filled(log)
    async with mirroring(log) as follower:
        await follower.caught_up.wait()
        with monkeypatch.context() as patched:
            dies(patched, *DEATHS[step])
            with pytest.raises(Died):
                await log.compactor.compact("wine")
        assert await fold(log) == before
        await append(log, "later", after=before.last_id)
        after = await fold(log)
        await follower.reach("wine", after.last_id)
        assert told_of(follower.catalog) == after
        await log.compactor.compact("wine")  # another one takes it up
        assert await fold(log) == after
        assert await is_whole(log, follower.catalog)


def dies(patched: pytest.MonkeyPatch, kind: type, step: str, moment: str) -> None:
    """Have a step end the one who takes it for the first time with something to do."""
    real = getattr(kind, step)

    async def last_words(self: object, *said: object) -> object:
        if step == "trim" and isinstance(self, Snapshots) and await self.read(["wine"]) == [None]:
            return await real(self, *said)
        if moment == "after":
            await real(self, *said)
        raise Died

    patched.setattr(kind, step, last_words)


KILLED = """
import asyncio, os, signal, sys
from services.common.log import Log
from services.common.log.snapshots import Snapshots

write = Snapshots.write

async def last_words(*said):
    await write(*said)
    os.kill(os.getpid(), signal.SIGKILL)

Snapshots.write = last_words
asyncio.run(Log(sys.argv[1]).compactor.compact("wine"))
"""


async def test_a_process_that_is_killed_between_snapshot_and_removal_harms_nobody(
    log: Log, log_url: str
) -> None:
    before = await filled(log)
    root = str(Path(__file__).parents[4])
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, log_url, env={**os.environ, "PYTHONPATH": root}
    )
    assert await process.wait() == -signal.SIGKILL
    async with connect(log_url) as redis:
        assert await redis.exists(keys_of(redis).snapshot("wine"))
        assert await redis.xlen(keys_of(redis).models("wine")) == 6
        assert await fold(log) == before
        await log.compactor.compact("wine")
        assert await redis.xlen(keys_of(redis).models("wine")) == 1
    assert await fold(log) == before


@on_both
async def test_many_compact_and_append_at_once(log: Log, log_url: str) -> None:
    before = await filled(log)
    async with connected(log_url) as second, following(second, "*") as reader:
        for number in range(10):
            names = [f"m{number}-{n}" for n in range(3)]
            reports = [log.models.report("wine", pushed(name)) for name in names]
            compactions = [one.compactor.compact("wine") for one in (log, second)]
            await asyncio.gather(*reports, *compactions)
        await reader.sees(*[f"m{number}-{n}" for number in range(10) for n in range(3)])
    after = await fold(log)
    assert len(after.models) == len(before.models) + 30


async def test_streams_that_have_grown_are_compacted(
    log: Log, log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.common.log.compaction.ENTRIES", 3)
    monkeypatch.setattr("services.common.log.compaction._PAUSE_SECONDS", 0.02)
    async with mirroring(log) as mirror, connect(log_url) as redis:
        await mirror.caught_up.wait()
        running = asyncio.create_task(log.compactor.run(mirror.catalog.last_ids))
        last = await append(log, "a", "b", "c", "d")
        await append(log, "few", data_type="iris")

        async def lengths() -> list[int]:
            return [await redis.xlen(keys_of(redis).models(name)) for name in ("wine", "iris")]

        assert await lengths() == [4, 1]
        last = await append(log, "e", after=last)

        async def compacted_all() -> bool:
            return await lengths() == [1, 1]

        await wait_until(compacted_all, "it is compacted")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert sorted(mirror.catalog.models("wine")) == ["a", "b", "c", "d", "e"]


@on_both
async def test_a_version_whose_bytes_were_deleted_leaves_none(log: Log, log_url: str) -> None:
    last = (await log.models.append("wine", inside("tree"), "0-0")).id
    deleted = ModelEvent(deleted=VersionName(name="tree", version=1))
    await log.models.append("wine", deleted, last)
    await log.compactor.compact("wine")
    async with connect(log_url) as redis:
        assert not await redis.keys("hedgerow:blob:*")


@pytest.mark.parametrize("kind", ["in a new kind of event", "in an event that is known"])
async def test_what_only_a_newer_program_knows_is_not_compacted_away(
    log: Log, log_url: str, kind: str
) -> None:
    unknown = b"\xfa\x3f\x03new"  # field 1023
    said = pushed("tree").SerializeToString() if "known" in kind else b""
    last = await append(log, "tree", "net")
    event = ModelEvent.FromString(said + unknown)
    assert (event.WhichOneof("kind") is None) == (not said)
    await log.models.append("wine", event, last)
    await log.compactor.compact("wine")
    async with connect(log_url) as redis:
        assert await redis.xlen(keys_of(redis).models("wine")) == 3
        assert not await redis.exists(keys_of(redis).snapshot("wine"))


async def test_an_empty_stream_has_nothing_to_compact(log: Log, log_url: str) -> None:
    await log.compactor.compact("wine")
    async with connect(log_url) as redis:
        assert not await redis.exists(keys_of(redis).snapshot("wine"))
