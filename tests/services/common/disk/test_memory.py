"""What a service remembers, with a log that comes, goes and is replaced."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hedgerow.local.valkey import Valkey
from services.common.disk import Kept, Memory, StateFile
from services.common.log import Log, Mirror
from services.common.log.connection import connect
from tests.services.common.events import pushed
from tests.services.common.log.reading import append, connected
from tests.support import wait_until


class Started:
    """What of a service matters here."""

    def __init__(self, log: Log, mirror: Mirror, memory: Memory, kept: Kept | None) -> None:
        self.log, self.mirror, self.memory, self.kept = log, mirror, memory, kept

    @property
    def models(self) -> list[str]:
        return [
            f"{v.model.descriptor.name}@{v.model.version}" for v in self.mirror.catalog.versions()
        ]

    async def knows(self, *models: str) -> None:
        await wait_until(lambda: self.models == [*models], f"it knows {models}")


def suffixes(folder: Path) -> set[str]:
    return {path.suffix for path in folder.glob("executor*")}


@asynccontextmanager
async def started(folder: Path, url: str, names_mesh: bool = False) -> AsyncIterator[Started]:
    """Start a service as executors and routers do, and drain it."""
    log = Log(url, names_mesh=names_mesh)
    mirror = Mirror(log.models, keep_lost=True)
    memory = Memory(StateFile.of(folder, "executor", "127.0.0.1:8402"), log, mirror)
    kept = await memory.recall()
    work = (mirror.run(), memory.go_on_alone(), memory.keep())
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        await asyncio.wait_for(mirror.caught_up.wait(), 10)
        yield Started(log, mirror, memory, kept)
        await memory.write()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await log.close()


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Valkey]:
    """A server with a port of its own, which a test may stop and start again."""
    first = Valkey(tmp_path / "log")
    await first.start()
    server = Valkey(tmp_path / "log", first.port)
    await first.stop()
    await server.start()
    yield server
    await server.stop()


async def test_it_starts_with_what_it_knew_and_becomes_the_log_when_that_is_there(
    own: Valkey, tmp_path: Path
) -> None:
    async with started(tmp_path, own.url, names_mesh=True) as service:
        assert service.kept is None
        await append(service.log, "tree")
        await service.knows("tree@1")
    await own.stop()
    async with started(tmp_path, own.url) as service:
        assert service.mirror.is_alone
        assert "out of reach" in service.mirror.problem
        assert service.models == ["tree@1"]
        await own.start()
        await wait_until(lambda: not service.mirror.is_alone, "it has read the log")
        after = service.mirror.catalog.last_id("wine")
        await service.log.models.append("wine", pushed("tree", 2), after)
        await service.knows("tree@1", "tree@2")
        assert not service.mirror.problem
    async with started(tmp_path, own.url) as service:  # it was written at the end
        assert service.kept is not None
        assert service.kept.catalog.highest("wine", "tree") == 2


async def test_one_that_knows_no_model_waits_for_the_log(own: Valkey, tmp_path: Path) -> None:
    async with started(tmp_path, own.url, names_mesh=True) as service:
        service.memory.changed()
    assert suffixes(tmp_path)
    await own.stop()
    for folder in (tmp_path, tmp_path / "empty"):
        log = Log(own.url)
        mirror = Mirror(log.models, keep_lost=True)
        memory = Memory(StateFile.of(folder, "executor", "127.0.0.1:8402"), log, mirror)
        await memory.recall()
        reading = asyncio.create_task(mirror.run())
        await asyncio.wait_for(memory.go_on_alone(), 5)
        assert not mirror.caught_up.is_set()
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await log.close()


async def test_changes_are_written_soon_and_nothing_is_where_nothing_has_changed(
    log_url: str, tmp_path: Path
) -> None:
    path = tmp_path / "executor-127.0.0.1_8402.state"
    async with started(tmp_path, log_url, names_mesh=True) as service:
        await append(service.log, "tree")
        await wait_until(lambda: path.exists() and b"tree" in path.read_bytes(), "it is written")
        written = path.stat().st_mtime_ns
    assert path.stat().st_mtime_ns == written


async def test_what_could_not_be_written_is_told_once_and_written_as_soon_as_it_can_be(
    log_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("services.common.disk.memory._PAUSE_SECONDS", 0.02)
    place = tmp_path / "state"
    place.write_bytes(b"a file in the way of the folder")
    async with started(place, log_url, names_mesh=True) as service:
        tries = 0
        write = service.memory.write

        async def counted() -> None:
            nonlocal tries
            tries += 1
            await write()

        monkeypatch.setattr(service.memory, "write", counted)
        await append(service.log, "tree")
        await wait_until(lambda: tries >= 3, "it is tried again")
        place.unlink()
        await wait_until(lambda: suffixes(place) == {".state"}, "it is written")
    assert capsys.readouterr().out.count("cannot be kept") == 1


async def test_a_log_that_was_emptied_gets_its_name_and_numbers_from_who_remembers_them(
    log_url: str, tmp_path: Path
) -> None:
    async with started(tmp_path, log_url, names_mesh=True) as service:
        await append(service.log, "tree")
        await service.knows("tree@1")
        mesh = await service.log.mesh()
    async with connect(log_url) as redis:
        await redis.flushall()
    async with started(tmp_path, log_url) as service, connected(log_url) as other:
        assert service.models == ["tree@1"]
        assert "the log has lost models (wine/tree)" in service.mirror.problem
        assert await other.mesh() == mesh
        mirror = Mirror(other.models)
        task = asyncio.create_task(mirror.run())
        await wait_until(lambda: mirror.catalog.highest("wine", "tree") == 1, "the number is told")
        task.cancel()


async def test_what_another_mesh_left_behind_is_set_aside(log_url: str, tmp_path: Path) -> None:
    async with started(tmp_path, log_url, names_mesh=True) as service:
        await append(service.log, "tree")
        await service.knows("tree@1")
    async with connect(log_url) as redis:
        await redis.flushall()
    async with connected(log_url) as other:
        await other.rename("another")
        await append(other, "forest")
    async with started(tmp_path, log_url) as service:
        assert service.kept is None
        assert service.models == ["forest@1"]
    assert suffixes(tmp_path) == {".state", ".of-another-mesh"}


async def test_another_log_without_models_is_left_alone_until_it_is_the_own_one(
    log_url: str, tmp_path: Path
) -> None:
    async with started(tmp_path, log_url, names_mesh=True) as service:
        await append(service.log, "tree")
        await service.knows("tree@1")
        mesh = await service.log.mesh()
    async with connect(log_url) as redis:
        await redis.flushall()
    async with connected(log_url) as other:
        await other.rename("another")
        async with started(tmp_path, log_url) as service:
            assert service.mirror.is_alone
            assert "the log is that of another mesh (another)" in service.mirror.problem
            await append(other, "forest")
            assert service.models == ["tree@1"]
            await other.rename(mesh)  # a backup was restored
            await service.knows("forest@1", "tree@1")


async def test_an_address_that_changes_is_remembered_by_nobody(log_url: str) -> None:
    async with connected(log_url, names_mesh=True) as log:
        memory = Memory(None, log, Mirror(log.models))
        assert await memory.recall() is None
        memory.changed()
        await memory.write()
