"""Writing what follows from what exists."""

from __future__ import annotations

from pathlib import Path

import pytest

from hedgerow.errors import InvalidModel, Unavailable
from hedgerow.v1.events_pb2 import ModelEvent
from services.common.catalog import Catalog
from services.common.log import Log, Mirror
from services.registry.housekeeping import UnusedBytes
from services.registry.ledger import Ledger
from tests.services.common.events import named, push_of, pushed


def next_version(catalog: Catalog) -> ModelEvent:
    newest = catalog.find("wine", "tree")
    return pushed("tree", newest.version + 1 if newest else 1)


@pytest.fixture
def mirror(log: Log) -> Mirror:
    """A mirror that has caught up with an empty log and follows it no longer."""
    mirror = Mirror(log.models)
    mirror.caught_up.set()
    return mirror


@pytest.fixture
def ledger(log: Log, mirror: Mirror) -> Ledger:
    """A ledger that learns only of what it writes itself."""
    return Ledger(log.models, mirror)


async def test_what_was_written_is_known_at_once(ledger: Ledger) -> None:
    for version in (1, 2, 3):
        event = await ledger.write("wine", next_version)
        assert event is not None
        assert event.pushed.model.version == version
        assert ledger.catalog.version("wine", "tree").model.version == version


async def test_nothing_to_write_is_nothing_written(ledger: Ledger) -> None:
    assert await ledger.write("wine", lambda catalog: None) is None
    assert ledger.catalog.data_types == []


async def test_a_refusal_reaches_the_caller(ledger: Ledger) -> None:
    def refuse(catalog: Catalog) -> ModelEvent:
        raise InvalidModel("no")

    with pytest.raises(InvalidModel, match="no"):
        await ledger.write("wine", refuse)


async def test_who_lost_the_race_decides_again(log: Log, mirror: Mirror, ledger: Ledger) -> None:
    rival = await log.models.append("wine", pushed("tree", 1), after="0-0")
    asked: list[str] = []

    def decide(catalog: Catalog) -> ModelEvent:
        asked.append(catalog.last_id("wine"))
        event = next_version(catalog)
        mirror.accept(rival)  # as if the log had brought it while this is on its way
        return event

    event = await ledger.write("wine", decide)
    assert event is not None
    assert event.pushed.model.version == 2
    assert asked == ["0-0", rival.id]


async def test_who_cannot_see_what_came_in_between_gives_up(log: Log, ledger: Ledger) -> None:
    await log.models.append("wine", pushed("tree"), after="0-0")
    with pytest.raises(Unavailable, match="cannot be read at the moment"):
        await ledger.write("wine", next_version)


async def test_a_log_that_went_back_is_not_written_to(mirror: Mirror, ledger: Ledger) -> None:
    mirror.catalog.apply("wine", pushed("tree"), "99999999999999-0")
    with pytest.raises(Unavailable, match="has lost entries"):
        await ledger.write("wine", next_version)


async def test_before_the_log_was_read_nothing_is_known(log: Log) -> None:
    ledger = Ledger(log.models, Mirror(log.models))
    with pytest.raises(Unavailable, match="still reading the log"):
        await ledger.write("wine", next_version)


async def test_who_cannot_see_what_others_wrote_removes_no_bytes(
    log: Log, mirror: Mirror, ledger: Ledger, tmp_path: Path
) -> None:
    """Another registry has just pushed the same bytes under another name."""
    (tmp_path / "bytes").write_bytes(b"x")
    push = push_of(tmp_path / "bytes")
    await log.definitions.store(push, tmp_path / "bytes")
    await log.definitions.keep(push)
    await ledger.write("wine", next_version)
    await ledger.write("wine", lambda catalog: ModelEvent(deleted=named("tree@1")))
    last = await log.models.append("wine", pushed("net"), after=ledger.catalog.last_id("wine"))
    unused = UnusedBytes(log.definitions, ledger)
    deleted = ledger.catalog.version("wine", "tree", 1)
    with pytest.raises(Unavailable, match="cannot be read at the moment"):
        await unused.remove(deleted)
    mirror.accept(last)
    assert await unused.remove(deleted) == 0
    definition = ledger.catalog.definition("wine", "net")
    assert [piece async for piece in log.definitions.read(definition)] == [b"x"]
