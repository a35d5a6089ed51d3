"""A disk that is really full, of 2 MiB: told, waited out, and nothing is left of what did not fit."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hedgerow.v1.execution_pb2 import HostState
from hedgerow.v1.models_pb2 import ModelVersion
from services.common.files import write_whole
from services.executor.definition_cache import DefinitionCache, DiskFull
from tests.services.executor.agent_rig import AgentRig
from tests.support import wait_until

KIB = 2**10
PLENTY = 2**30


class Definition:
    """Of 1 MiB, in four pieces. After the second something else may fill the disk."""

    def __init__(self, filler: Path | None = None) -> None:
        self.data = os.urandom(KIB * KIB)
        sha256 = hashlib.sha256(self.data).hexdigest()
        self.model = ModelVersion(version=1, sha256=sha256, size=len(self.data))
        self.filler = filler
        self.fetched = 0

    async def fetch_definition(self, model: ModelVersion, target: Path) -> None:
        self.fetched += 1
        await write_whole(target, self._pieces())

    async def fetch_verification(self, model: ModelVersion, target: Path) -> None:
        raise AssertionError("it has none")

    async def _pieces(self) -> AsyncIterator[bytes]:
        size = len(self.data) // 4
        for number in range(4):
            if number == 2 and self.filler is not None:
                fill(self.filler, 1200)
            yield self.data[number * size : (number + 1) * size]


def fill(file: Path, kib: int) -> None:
    file.write_bytes(b"x" * KIB * kib)


async def test_a_definition_that_does_not_fit_is_not_fetched_until_there_is_room(
    disk: Path,
) -> None:
    others = disk / "others"
    others.mkdir()
    fill(others / "log", 1500)
    wanted, folder = Definition(), disk / "cache"
    cache = DefinitionCache(folder, wanted, PLENTY)
    cache.in_use([wanted.model])
    with pytest.raises(DiskFull, match=r"1\.0 MiB cannot be kept in .*, which has 0\.5 MiB free"):
        await cache.definition_of(wanted.model)
    assert not wanted.fetched
    assert not await cache.has_room_again()
    (others / "log").unlink()
    assert await cache.has_room_again()
    path = await cache.definition_of(wanted.model)
    assert path.stat().st_size == wanted.model.size
    assert not await cache.has_room_again(), "it is waited for no more"


async def test_a_disk_that_fills_up_meanwhile_is_told_and_nothing_half_written_is_left(
    disk: Path,
) -> None:
    wanted, folder = Definition(filler=disk / "log"), disk / "cache"
    cache = DefinitionCache(folder, wanted, PLENTY)
    cache.in_use([wanted.model])
    with pytest.raises(DiskFull, match=r"No space left on device.*CACHE_DIR"):
        await cache.definition_of(wanted.model)
    assert list(folder.iterdir()) == []
    assert not await cache.has_room_again()
    (disk / "log").unlink()
    assert await cache.has_room_again()


async def test_definitions_that_nobody_uses_leave_a_disk_that_is_smaller_than_the_limit(
    disk: Path,
) -> None:
    folder = disk / "cache"
    paths: list[Path] = []
    for _ in range(4):
        wanted = Definition()
        cache = DefinitionCache(folder, wanted, PLENTY)
        cache.in_use([wanted.model])
        paths.append(await cache.definition_of(wanted.model))
    assert paths[-1].exists()
    assert len([path for path in paths if path.exists()]) <= 2


@asynccontextmanager
async def looking_for_room(rig: AgentRig) -> AsyncIterator[None]:
    task = asyncio.create_task(rig.agent.watch_disk())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await rig.stop()


async def test_a_version_has_failed_while_the_disk_is_full_and_serves_when_there_is_room(
    disk: Path,
) -> None:
    rig = AgentRig(disk / "cache")
    async with looking_for_room(rig):
        rig.push("one")
        await wait_until(lambda: rig.has("one@1", HostState.HOST_STATE_SERVING), "serves")
        fill(disk / "log", 1500)
        rig.push("one", 2, value="x" * KIB * 800)
        await wait_until(lambda: rig.has("one@2", HostState.HOST_STATE_FAILED), "it has failed")
        assert "the disk is full" in rig.failure("one@2")
        assert rig.failure("one@2").endswith("tried again when there is room")
        assert rig.has("one@1", HostState.HOST_STATE_SERVING)
        assert rig.fetched == ["one@1"]
        (disk / "log").unlink()
        await wait_until(
            lambda: rig.states() == {"one@2": HostState.HOST_STATE_SERVING}, "the new one serves"
        )
