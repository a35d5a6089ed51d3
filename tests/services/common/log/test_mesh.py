"""Whose log it is."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from hedgerow.errors import Unavailable
from services.common.log import Log, Mark
from services.common.log.connection import connect
from services.common.log.keys import SINGLE
from tests.services.common.log.reading import append, connected, following, mirroring
from tests.support import wait_until


async def test_only_a_registry_names_the_mesh_and_the_first_name_stays(log_url: str) -> None:
    async with (
        connected(log_url) as executor,
        connected(log_url, names_mesh=True) as first,
        connected(log_url, names_mesh=True) as second,
    ):
        await executor.models.mesh.look()
        assert await executor.mesh() == ""
        await first.models.mesh.look()
        await second.models.mesh.look()
        name = await first.mesh()
        assert len(name) == 16
        assert second.models.mesh.remembered == name
        await executor.models.mesh.look()
        assert executor.models.mesh.remembered == name


async def test_an_emptied_log_gets_its_name_back_whoever_comes_first(
    log_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.common.log.mesh.PATIENCE", timedelta(seconds=60))
    async with (
        connect(log_url) as redis,
        connected(log_url, names_mesh=True) as registry,
        connected(log_url) as executor,
    ):
        await registry.models.mesh.look()
        name = (await executor.models.mesh.look()).mesh
        await redis.flushall()
        later = await executor.models.mesh.look()
        assert later.mesh == name
        assert later.at > 0
        await redis.flushall()
        async with connected(log_url, names_mesh=True) as new:
            await new.models.mesh.look()
            assert await new.mesh() not in ("", name)
            assert (await executor.models.mesh.look()).mesh == name  # it knows better
            assert (await registry.models.mesh.look()).mesh == name
            assert (await new.models.mesh.look()).mesh == name  # and the new one learns of it


async def test_who_comes_late_takes_the_new_name(log_url: str) -> None:
    async with connect(log_url) as redis, connected(log_url, names_mesh=True) as old:
        await old.models.mesh.look()
        await redis.flushall()
        now = (await redis.time())[0] * 1000
        settled = {"id": "another", "at": now + 2000, "kind": "remembered"}
        await redis.hset(SINGLE.mesh, mapping=settled)
        assert (await old.models.mesh.look()).mesh == "another"


async def test_the_log_of_another_mesh_is_left_alone_until_the_own_one_is_back(
    log_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with (
        connect(log_url) as redis,
        connected(log_url, names_mesh=True) as log,
        following(log, "*") as reader,
    ):
        last = await append(log, "tree")
        await reader.sees("tree")
        own = await redis.hgetall(SINGLE.mesh)
        await redis.hset(SINGLE.mesh, mapping={"id": "another", "at": 7, "kind": "new"})
        with pytest.raises(Unavailable, match="that of another mesh \\(another\\); this is one of"):
            await log.models.mesh.look()
        with pytest.raises(Unavailable, match="the log was emptied or replaced"):
            await append(log, "net", after=last)
        await wait_until(
            lambda: "the log is that of another mesh" in capsys.readouterr().out, "told"
        )
        await redis.hset(SINGLE.mesh, mapping=own)
        await wait_until(lambda: log.models.mesh.remembered == own[b"id"].decode(), "it is its own")
        await append(log, "net", after=last)
        await reader.sees("tree", "net")
        assert reader.marks == [Mark.BEGIN, Mark.END]


async def test_a_log_that_is_renamed_is_written_to_at_once(log_url: str) -> None:
    async with connected(log_url, names_mesh=True) as log, mirroring(log) as mirror:
        await mirror.caught_up.wait()
        last = await append(log, "tree")
        await mirror.reach("wine", last)
        await log.rename("another")
        last = await append(log, "net", after=last)
        await mirror.reach("wine", last)


async def test_a_new_log_is_settled_after_a_while(log_url: str) -> None:
    async with connected(log_url, names_mesh=True) as log:
        await log.models.mesh.look()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await log.settled(timedelta(seconds=60))
        await log.settled(timedelta(milliseconds=60))
        await log.settled(timedelta(0))


async def test_a_log_without_a_name_is_settled(log: Log) -> None:
    await log.settled(timedelta(seconds=60))
