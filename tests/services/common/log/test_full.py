"""A log that has no room: whatever would be written is refused, and nothing is half done."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from hedgerow.local.valkey import Valkey
from hedgerow.v1.events_pb2 import ModelEvent
from services.common.log import Log
from services.common.log.connection import LogRefused, connect
from services.common.log.keys import SINGLE
from tests.services.common.events import applied, pushed
from tests.services.common.log.reading import append, connected, mirroring

FULL = r"^the log is full: Redis has reached its maxmemory; raise it"


class Rig:
    """A log of two entries that is full."""

    def __init__(self, redis: Any, log: Log, last: str) -> None:
        self.redis = redis
        self.log = log
        self.last = last

    async def keys(self) -> list[bytes]:
        return sorted(await self.redis.keys())

    async def length(self) -> int:
        length: int = await self.redis.xlen(SINGLE.models("wine"))
        return length

    async def has_room(self, has_room: bool = True) -> None:
        await self.redis.config_set("maxmemory", "0" if has_room else "1")


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with (
        Valkey() as server,
        connect(server.url) as redis,
        connected(server.url, names_mesh=True) as log,
    ):
        await log.models.mesh.look()
        rig = Rig(redis, log, await append(log, "tree", "net"))
        await rig.has_room(False)
        yield rig


@pytest.mark.parametrize("event", [pushed("new"), applied(1, "tree")], ids=["push", "plan"])
async def test_an_event_is_refused_and_taken_once_there_is_room(
    rig: Rig, event: ModelEvent
) -> None:
    before = await rig.keys()
    for data_type, after in (("wine", rig.last), ("iris", "0-0")):
        with pytest.raises(LogRefused, match=FULL):
            await rig.log.models.append(data_type, event, after)
        with pytest.raises(LogRefused, match=FULL):
            await rig.log.models.report(data_type, event)
    assert (await rig.keys(), await rig.length()) == (before, 2)
    await rig.has_room()
    await rig.log.models.append("wine", event, rig.last)


async def test_a_compaction_leaves_everything_as_it_is(rig: Rig) -> None:
    before = await rig.keys()
    with pytest.raises(LogRefused, match=FULL):
        await rig.log.compactor.compact("wine")
    assert (await rig.keys(), await rig.length()) == (before, 2)
    await rig.has_room()
    await rig.log.compactor.compact("wine")
    assert await rig.length() == 1


async def test_who_follows_a_full_log_reads_it(rig: Rig) -> None:
    """The first look at the mesh is a script that may write."""
    async with mirroring(rig.log) as mirror:
        await mirror.caught_up.wait()
        assert sorted(mirror.catalog.models("wine")) == ["net", "tree"]
        assert mirror.problem == ""
