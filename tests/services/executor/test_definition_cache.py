"""Definitions on disk: fetched once, verified each time, and no more of them than there is room for."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from pathlib import Path

import pytest

from hedgerow.errors import Unavailable
from hedgerow.v1.models_pb2 import ModelVersion
from services.executor import definition_cache
from services.executor.definition_cache import DefinitionCache, DiskFull

DEFINITION = b"definition"
SHA256 = hashlib.sha256(DEFINITION).hexdigest()
MODEL = ModelVersion(version=1, sha256=SHA256, size=len(DEFINITION))
VERIFICATION = b"verification"
PLENTY = 2**20


class Source:
    """Where definitions come from; it can be away."""

    def __init__(self) -> None:
        self.fetched: list[int] = []
        self.verified: list[int] = []
        self.away = False

    async def fetch_definition(self, model: ModelVersion, target: Path) -> None:
        self.fetched.append(model.version)
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("the log is away")
        await asyncio.to_thread(target.write_bytes, DEFINITION)

    async def fetch_verification(self, model: ModelVersion, target: Path) -> None:
        self.verified.append(model.version)
        await asyncio.to_thread(target.write_bytes, VERIFICATION)


async def test_a_definition_is_fetched_once_for_all_that_want_it_at_once(tmp_path: Path) -> None:
    source = Source()
    cache = DefinitionCache(tmp_path / "not" / "there", source, PLENTY)
    same = ModelVersion(version=2, sha256=SHA256)
    paths = await asyncio.gather(*(cache.definition_of(model) for model in (MODEL, same, MODEL)))
    assert source.fetched == [1]
    assert len(set(paths)) == 1
    assert paths[0].read_bytes() == b"definition"


async def test_a_cache_finds_what_one_before_it_left_on_disk(tmp_path: Path) -> None:
    source = Source()
    path = await DefinitionCache(tmp_path, source, PLENTY).definition_of(MODEL)
    assert await DefinitionCache(tmp_path, source, PLENTY).definition_of(MODEL) == path
    assert source.fetched == [1]


async def test_a_definition_that_could_not_be_had_is_fetched_when_it_is_wanted_again(
    tmp_path: Path,
) -> None:
    source = Source()
    cache = DefinitionCache(tmp_path, source, PLENTY)
    source.away = True
    with pytest.raises(Unavailable):
        await cache.definition_of(MODEL)
    source.away = False
    assert (await cache.definition_of(MODEL)).exists()
    assert source.fetched == [1, 1]


async def test_a_file_that_is_not_what_its_name_says_is_fetched_again(tmp_path: Path) -> None:
    source = Source()
    cache = DefinitionCache(tmp_path, source, PLENTY)
    path = await cache.definition_of(MODEL)
    path.write_bytes(b"something else")
    assert (await cache.definition_of(MODEL)).read_bytes() == DEFINITION
    assert source.fetched == [1, 1]


async def test_a_folder_that_is_made_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    await DefinitionCache(folder, Source(), PLENTY).definition_of(MODEL)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_a_folder_of_another_user_is_refused_before_anything_is_read_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = Source()
    monkeypatch.setattr(definition_cache, "_trusted_users", lambda: {4321})
    with pytest.raises(Unavailable, match=r"another user, of id \d+.*CACHE_DIR"):
        await DefinitionCache(tmp_path, source, PLENTY).definition_of(MODEL)
    assert not source.fetched


async def test_a_disk_that_is_full_is_told_with_what_to_do_and_tried_again(tmp_path: Path) -> None:
    full = [True]

    class Full(Source):
        async def fetch_definition(self, model: ModelVersion, target: Path) -> None:
            if full:
                raise OSError(28, "No space left on device", str(target))
            await super().fetch_definition(model, target)

    cache = DefinitionCache(tmp_path, Full(), PLENTY)
    with pytest.raises(Unavailable, match=r"No space left on device.*make room"):
        await cache.definition_of(MODEL)
    full.clear()
    assert (await cache.definition_of(MODEL)).exists()


def _definition(folder: Path, letter: str, age: float) -> tuple[str, Path]:
    """Put a definition of 100 bytes into a cache, used so many seconds ago."""
    data = letter.encode() * 100
    name = hashlib.sha256(data).hexdigest()
    path = folder / name
    path.write_bytes(data)
    now = path.stat().st_mtime
    os.utime(path, (now - age, now - age))
    return name, path


async def test_what_was_not_used_for_the_longest_makes_room_and_what_is_in_use_stays(
    tmp_path: Path,
) -> None:
    in_use, stays = _definition(tmp_path, "a", 500)
    _, oldest = _definition(tmp_path, "b", 400)
    _, older = _definition(tmp_path, "c", 300)
    _, recent = _definition(tmp_path, "d", 200)
    cache = DefinitionCache(tmp_path, Source(), limit_bytes=200 + len(DEFINITION))
    cache.in_use([ModelVersion(sha256=in_use)])
    path = await cache.definition_of(MODEL)
    there = {path for path in (stays, oldest, older, recent, path) if path.exists()}
    assert there == {stays, recent, path}


async def test_what_somebody_began_to_write_and_left_is_removed_and_what_is_written_is_not(
    tmp_path: Path,
) -> None:
    left, written = tmp_path / ".abc-left", tmp_path / ".abc-written"
    for file in (left, written):
        file.write_bytes(b"half of it")
    now = left.stat().st_mtime
    os.utime(left, (now - 4000, now - 4000))
    await DefinitionCache(tmp_path, Source(), limit_bytes=0).definition_of(MODEL)
    assert not left.exists()
    assert written.exists()


async def test_using_a_definition_keeps_it(tmp_path: Path) -> None:
    name, path = _definition(tmp_path, "a", 500)
    cache = DefinitionCache(tmp_path, Source(), PLENTY)
    before = path.stat().st_mtime
    assert await cache.definition_of(ModelVersion(sha256=name, size=100)) == path
    assert path.stat().st_mtime > before + 400


async def test_what_is_fetched_at_once_counts_from_its_beginning(tmp_path: Path) -> None:
    _, oldest = _definition(tmp_path, "a", 400)
    _, older = _definition(tmp_path, "b", 300)
    _, recent = _definition(tmp_path, "c", 200)
    begun, all_begun = [], asyncio.Event()

    class AtOnce(Source):
        async def fetch_definition(self, model: ModelVersion, target: Path) -> None:
            begun.append(model.version)
            if len(begun) == 3:
                all_begun.set()
            await all_begun.wait()
            await asyncio.to_thread(target.write_bytes, b"x" * 100)

    cache = DefinitionCache(tmp_path, AtOnce(), limit_bytes=450)
    models = [ModelVersion(version=v, sha256=f"{v}" * 64, size=100) for v in (1, 2, 3)]
    await asyncio.gather(*(cache.definition_of(model) for model in models))
    assert not oldest.exists()
    assert not older.exists()
    assert recent.exists()


async def test_what_another_executor_has_half_written_counts(tmp_path: Path) -> None:
    _, spare = _definition(tmp_path, "a", 400)
    half = tmp_path / f".{'b' * 64}-xyz"
    half.write_bytes(b"x" * 100)
    await DefinitionCache(tmp_path, Source(), limit_bytes=150).definition_of(MODEL)
    assert half.exists()
    assert not spare.exists()


async def test_what_no_disk_has_room_for_is_not_even_fetched(tmp_path: Path) -> None:
    source = Source()
    cache = DefinitionCache(tmp_path, source, PLENTY)
    huge = ModelVersion(version=1, sha256=SHA256, size=2**60)
    cache.in_use([huge])
    with pytest.raises(
        DiskFull, match=r"the disk is full: its definition of .* MiB cannot be kept in"
    ):
        await cache.definition_of(huge)
    assert not source.fetched
    assert not await cache.has_room_again()
    cache.in_use(())
    assert await cache.definition_of(MODEL)


async def test_a_verification_is_kept_beside_the_definition_it_came_with(tmp_path: Path) -> None:
    source = Source()
    cache = DefinitionCache(tmp_path, source, PLENTY)
    hashed = hashlib.sha256(VERIFICATION).hexdigest()
    both = ModelVersion(version=1, sha256=SHA256, verification_sha256=hashed)
    assert await cache.verification_of(MODEL) is None
    path = await cache.verification_of(both)
    assert path is not None
    assert path.read_bytes() == VERIFICATION
    assert await cache.verification_of(both) == path
    assert (source.verified, source.fetched) == ([1], [])


async def test_the_verification_of_what_is_in_use_stays_when_room_is_made(tmp_path: Path) -> None:
    verification, stays = _definition(tmp_path, "a", 500)
    _, other = _definition(tmp_path, "b", 400)
    cache = DefinitionCache(tmp_path, Source(), limit_bytes=100)
    cache.in_use([ModelVersion(sha256=SHA256, verification_sha256=verification)])
    await cache.definition_of(MODEL)
    assert stays.exists()
    assert not other.exists()
