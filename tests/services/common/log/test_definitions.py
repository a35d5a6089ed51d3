"""The bytes of models in the log."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hedgerow.errors import Corrupt
from hedgerow.v1.events_pb2 import ModelEvent
from services.common.catalog import Catalog, Definition
from services.common.log import Log
from services.common.log.connection import connect, keys_of
from services.common.log.keys import CHUNK_BYTES
from tests.cluster import on_both
from tests.services.common.events import push_of
from tests.services.common.log.reading import inside


@pytest.fixture(params=[10, 1024**2, 1024**2 + 1, 5 * 1024**2 + 3])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Definitions of one chunk and of several."""
    file = tmp_path / "definition"
    file.write_bytes(os.urandom(request.param))
    return file


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A definition of three chunks."""
    file = tmp_path / "large"
    file.write_bytes(os.urandom(2 * CHUNK_BYTES + 1))
    return file


async def stored(log: Log, data: Path) -> Definition:
    push = push_of(data)
    await log.definitions.store(push, data)
    await log.definitions.keep(push)
    entry = await log.models.append("wine", ModelEvent(pushed=push), after="0-0")
    catalog = Catalog()
    catalog.apply(*entry)
    return catalog.definition("wine", "tree")


@on_both
async def test_what_is_stored_is_fetched(log: Log, data: Path, tmp_path: Path) -> None:
    definition = await stored(log, data)
    target = tmp_path / "fetched" / "model"
    target.parent.mkdir()
    await log.definitions.fetch(definition, target)
    assert content(target) == content(data)
    assert list(target.parent.iterdir()) == [target]


async def test_pieces_are_small(log: Log, data: Path) -> None:
    pieces = [piece async for piece in log.definitions.read(await stored(log, data))]
    assert max(len(piece) for piece in pieces) <= 1024**2
    assert b"".join(pieces) == content(data)


@on_both
async def test_they_are_beside_their_event_whatever_their_size(
    log: Log, log_url: str, data: Path
) -> None:
    definition = await stored(log, data)
    async with connect(log_url) as redis:
        [(_, fields)] = await redis.xrange(keys_of(redis).models("wine"))
        assert len(fields[b"event"]) < 500
        assert await redis.ttl(keys_of(redis).blob(definition.sha256, 0)) == -1


async def test_one_that_was_written_into_its_event_is_read_as_ever(log: Log) -> None:
    event = inside("tree", data=b"inside")
    entry = await log.models.append("wine", event, after="0-0")
    catalog = Catalog()
    catalog.apply(*entry)
    definition = catalog.definition("wine", "tree")
    assert (definition.chunks, definition.entry_id) == (0, entry.id)
    assert [piece async for piece in log.definitions.read(definition)] == [b"inside"]
    again = Catalog()
    again.load("wine", catalog.snapshot("wine"))
    assert again.definition("wine", "tree") == definition


@on_both
@pytest.mark.parametrize("damage", ["gone", "changed"])
async def test_damage_is_noticed_and_no_file_is_left(
    log: Log, log_url: str, large: Path, tmp_path: Path, damage: str
) -> None:
    definition = await stored(log, large)
    async with connect(log_url) as redis:
        key = keys_of(redis).blob(definition.sha256, 1)
        await (redis.delete(key) if damage == "gone" else redis.set(key, os.urandom(2**20)))
    target = tmp_path / "fetched" / "model"
    target.parent.mkdir()
    message = "chunk 1 of 3 .* is gone" if damage == "gone" else "is damaged; push the model again"
    with pytest.raises(Corrupt, match=message):
        await log.definitions.fetch(definition, target)
    assert list(target.parent.iterdir()) == []


async def test_storing_again_mends_the_damage(log: Log, log_url: str, large: Path) -> None:
    definition = await stored(log, large)
    async with connect(log_url) as redis:
        await redis.set(keys_of(redis).blob(definition.sha256, 1), b"damaged")
    await log.definitions.store(push_of(large), large)
    pieces = [piece async for piece in log.definitions.read(definition)]
    assert b"".join(pieces) == content(large)


def content(file: Path) -> bytes:
    return file.read_bytes()
