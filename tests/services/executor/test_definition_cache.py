"""Definitions on disk: fetched once, also by hosts that start together, and again after a failure."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hedgerow.errors import Unavailable
from hedgerow.v1.models_pb2 import ModelVersion
from services.executor.definition_cache import DefinitionCache

MODEL = ModelVersion(version=1, sha256="abc")


class Source:
    """Where definitions come from; it can be away."""

    def __init__(self) -> None:
        self.fetched: list[int] = []
        self.away = False

    async def fetch(self, model: ModelVersion, target: Path) -> None:
        self.fetched.append(model.version)
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("the log is away")
        await asyncio.to_thread(target.write_bytes, b"definition")


async def test_a_definition_is_fetched_once_for_all_that_want_it_at_once(tmp_path: Path) -> None:
    source = Source()
    cache = DefinitionCache(tmp_path / "not" / "there", source.fetch)
    same = ModelVersion(version=2, sha256="abc")
    paths = await asyncio.gather(*(cache.path_of(model) for model in (MODEL, same, MODEL)))
    assert source.fetched == [1]
    assert len(set(paths)) == 1
    assert paths[0].read_bytes() == b"definition"


async def test_a_cache_finds_what_one_before_it_left_on_disk(tmp_path: Path) -> None:
    source = Source()
    path = await DefinitionCache(tmp_path, source.fetch).path_of(MODEL)
    assert await DefinitionCache(tmp_path, source.fetch).path_of(MODEL) == path
    assert source.fetched == [1]


async def test_a_definition_that_could_not_be_had_is_fetched_when_it_is_wanted_again(
    tmp_path: Path,
) -> None:
    source = Source()
    cache = DefinitionCache(tmp_path, source.fetch)
    source.away = True
    with pytest.raises(Unavailable):
        await cache.path_of(MODEL)
    source.away = False
    assert (await cache.path_of(MODEL)).exists()
    assert source.fetched == [1, 1]
