"""A log that is emptied or replaced under those who follow it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hedgerow.local.valkey import Valkey
from hedgerow.v1.events_pb2 import AliasSet, ModelEvent
from hedgerow.v1.models_pb2 import VersionName
from services.common.log import Log, Mirror
from services.common.log.connection import connect
from services.common.log.keys import SINGLE
from tests.services.common.events import applied, pushed
from tests.services.common.log.reading import append, connected, mirroring
from tests.support import wait_until


class Rig:
    """A log, a registry's mirror of it, and an executor's."""

    def __init__(self, url: str, redis: Any, log: Log, registry: Mirror, executor: Mirror) -> None:
        self.url = url
        self.redis = redis
        self.log = log
        self.registry, self.executor = registry, executor

    async def fill(self) -> None:
        """Three versions of tree, one of net, a plan of revision 7 that stays on tree@2, and an alias."""
        last = await append(self.log, "tree", "net")
        plan = applied(7, "tree", "net")
        plan.plan_applied.models[0].version = 2
        name = VersionName(name="tree", version=2)
        for event in (
            pushed("tree", 2, data=b"2"),
            pushed("tree", 3, data=b"3"),
            ModelEvent(alias_set=AliasSet(model=name, alias="champion")),
            plan,
        ):
            last = (await self.log.models.append("wine", event, last)).id
        for mirror in (self.registry, self.executor):
            await mirror.caught_up.wait()
            await mirror.reach("wine", last)

    async def empty(self) -> None:
        await self.redis.flushall()
        await self.noticed()

    async def noticed(self) -> None:
        both = self.registry, self.executor
        await wait_until(lambda: all(m.problem for m in both), "it is noticed", timeout=5)

    async def numbers(self) -> list[ModelEvent]:
        """What was told of numbers."""
        entries = await self.redis.xrange(SINGLE.models("wine"))
        events = [ModelEvent.FromString(fields[b"event"]) for _, fields in entries]
        return [event for event in events if event.HasField("numbers_used")]


@pytest.fixture
async def rig(log_url: str) -> AsyncIterator[Rig]:
    async with (
        connect(log_url) as redis,
        connected(log_url, names_mesh=True) as log,
        connected(log_url) as executor_log,
        mirroring(log, keep_lost=True) as registry,
        mirroring(executor_log, keep_lost=True, data_types={"wine"}) as executor,
    ):
        rig = Rig(log_url, redis, log, registry, executor)
        await rig.fill()
        yield rig


async def test_what_serves_is_kept_and_it_is_told(
    rig: Rig, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (rig.registry.problem, rig.executor.problem) == ("", "")
    name = await rig.log.mesh()
    await rig.empty()
    for mirror in (rig.registry, rig.executor):
        catalog = mirror.catalog
        assert [v.model.version for v in catalog.versions("wine")] == [1, 1, 2, 3]
        assert catalog.plan("wine").revision == 7
        assert catalog.has_lost_plans("wine")
        assert catalog.candidates("wine")[0].wanted == 2
        assert catalog.version("wine", "tree", alias="champion").model.version == 2
        assert mirror.problem.startswith(
            "the log has lost models (wine/net, wine/tree); they serve on"
        )
    assert await rig.log.mesh() == name
    told = capsys.readouterr().out
    assert "the log was emptied or replaced" in told
    assert "the log has lost models (wine/net, wine/tree)" in told


async def test_numbers_are_told_to_the_emptied_log_once(rig: Rig) -> None:
    await rig.empty()
    await wait_until(rig.numbers, "they are told")
    async with connected(rig.url) as new, mirroring(new) as late:
        await late.caught_up.wait()
        assert late.catalog.data_types == []
        assert late.catalog.highest("wine", "tree") == 3
        assert late.catalog.highest("wine", "net") == 1
        for mirror in (rig.registry, rig.executor):
            await mirror.reach("wine", late.catalog.last_id("wine"))
    [event] = await rig.numbers()
    assert event.numbers_used.revision == 7


async def test_who_alone_remembers_tells_a_registry_that_began_on_the_emptied_log(
    log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.common.log.mesh.PATIENCE", timedelta(seconds=60))
    async with (
        connect(log_url) as redis,
        connected(log_url) as executor_log,
        mirroring(executor_log, keep_lost=True) as executor,
    ):
        async with connected(log_url, names_mesh=True) as old:
            name = (await old.models.mesh.look()).mesh
            last = await append(old, "tree")
            last = (await old.models.append("wine", pushed("tree", 2), last)).id
            await executor.caught_up.wait()
            await executor.reach("wine", last)
            await redis.flushall()
        async with (
            connected(log_url, names_mesh=True) as new,
            mirroring(new, keep_lost=True) as registry,
        ):
            await registry.caught_up.wait()
            await wait_until(lambda: registry.catalog.highest("wine", "tree") == 2, "it is told")
            assert await new.mesh() == name
            assert registry.problem == ""


async def test_what_is_pushed_again_is_lost_no_more(rig: Rig) -> None:
    await rig.empty()
    await wait_until(rig.numbers, "numbers are told")
    for event in (
        pushed("net", 1),
        pushed("tree", 4, data=b"4"),
        *(pushed("tree", n, data=b"%d" % n) for n in (2, 3)),
    ):
        last = (await rig.log.models.report("wine", event)).id
    await rig.executor.reach("wine", last)
    assert "(wine/tree)" in rig.executor.problem  # version 1
    assert [v.model.version for v in rig.executor.catalog.versions("wine")] == [1, 1, 2, 3, 4]
    last = (await rig.log.models.report("wine", pushed("tree", 1))).id
    await rig.executor.reach("wine", last)
    lost = "the log has lost plans or aliases (the plan of wine, tree@champion of wine); they count"
    assert rig.executor.problem.startswith(lost)
    name = VersionName(name="tree", version=2)
    alias = ModelEvent(alias_set=AliasSet(model=name, alias="champion"))
    for event in (applied(8, "tree", "net"), alias):
        last = (await rig.log.models.report("wine", event)).id
    await rig.executor.reach("wine", last)
    assert rig.executor.problem == ""


async def test_the_word_of_the_log_counts_where_a_number_stands_for_other_bytes(rig: Rig) -> None:
    await rig.empty()
    last = (await rig.log.models.report("wine", pushed("tree", 3, data=b"other"))).id
    await rig.executor.reach("wine", last)
    found = rig.executor.catalog.find("wine", "tree", 3)
    assert found == pushed("tree", 3, data=b"other").pushed.model


async def test_numbers_that_began_anew_take_nothing_over(rig: Rig) -> None:
    async with rig.redis.pipeline(transaction=True) as pipeline:
        pipeline.flushall()
        pipeline.xadd(SINGLE.data_types, {"data_type": "wine"})
        event = pushed("tree", 1, data=b"other").SerializeToString()
        pipeline.xadd(SINGLE.models("wine"), {"event": event, "prev": "0-0"})
        await pipeline.execute()
    await rig.noticed()
    versions = [v.model.version for v in rig.executor.catalog.versions("wine")]
    assert versions == [1, 1]  # net, and the other tree
    assert rig.executor.catalog.highest("wine", "tree") == 3
    assert "(wine/net)" in rig.executor.problem


async def test_a_log_that_lost_its_last_entries_is_told_their_numbers(rig: Rig) -> None:
    """As a crash of Redis has it."""
    entries = await rig.redis.xrange(SINGLE.models("wine"))
    await rig.redis.xdel(
        SINGLE.models("wine"), *(at for at, _ in entries[3:])
    )  # tree@3 and the plan
    await rig.redis.client_kill_filter(_type="normal", skipme=True)
    await wait_until(rig.numbers, "they are told")
    [event] = await rig.numbers()
    assert dict(event.numbers_used.versions) == {"tree": 3}
    assert event.numbers_used.revision == 7
    assert rig.executor.catalog.plan("wine").revision == 7


async def test_when_the_log_comes_back_everything_is_as_before(tmp_path: Path) -> None:
    async with Valkey(tmp_path / "own") as server:
        port = server.port
        async with (
            connected(server.url, names_mesh=True) as log,
            mirroring(log, keep_lost=True) as mirror,
        ):
            last = await append(log, "tree", "net")
            await mirror.caught_up.wait()
            await mirror.reach("wine", last)
            name, before = await log.mesh(), mirror.catalog.snapshot("wine")
            await server.stop()
            async with Valkey(tmp_path / "fresh", port):
                await wait_until(lambda: "the log has lost models" in mirror.problem, "noticed")
                assert mirror.catalog.find("wine", "tree")
                assert await log.mesh() == name
            await wait_until(lambda: "out of reach" in mirror.problem, "it is away")
            async with Valkey(tmp_path / "own", port):
                await wait_until(lambda: not mirror.problem, "it is back")
                assert mirror.catalog.snapshot("wine") == before
                await append(log, "later", after=last)


async def test_a_full_log_is_told_the_numbers_once_there_is_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.common.log.numbers._PAUSE_SECONDS", 0.05)
    async with (
        Valkey() as server,
        connect(server.url) as redis,
        connected(server.url, names_mesh=True) as log,
        mirroring(log, keep_lost=True) as mirror,
    ):
        last = await append(log, "tree")
        await mirror.caught_up.wait()
        await mirror.reach("wine", last)
        await redis.config_set("maxmemory", "1")
        await redis.delete(SINGLE.models("wine"))
        await redis.client_kill_filter(_type="normal", skipme=True)
        await wait_until(lambda: "lost models" in mirror.problem, "noticed")
        assert not await redis.exists(SINGLE.models("wine"))
        await redis.config_set("maxmemory", "0")
        await wait_until(lambda: mirror.catalog.last_id("wine") > last, "the numbers are told")
