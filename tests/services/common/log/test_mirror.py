"""A catalog that is kept equal to the log."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from hedgerow.errors import Unavailable
from hedgerow.local.valkey import Valkey
from services.common.log import Log
from tests.services.common.events import pushed
from tests.services.common.log.reading import append, connected, mirroring
from tests.support import wait_until


async def test_a_mirror_tells_of_changes_and_takes_own_entries_at_once(log: Log) -> None:
    changes: list[list[str]] = []
    told: list[Collection[str] | None] = []
    last = await append(log, "tree")
    async with mirroring(log) as mirror:
        mirror.listen(lambda _: changes.append(mirror.catalog.data_types))
        mirror.listen(told.append)
        await mirror.caught_up.wait()
        assert changes == [["wine"]]
        entry = await log.models.append("wine", pushed("net"), last)
        mirror.accept(entry)
        mirror.accept(entry)
        assert mirror.catalog.find("wine", "net")
        after = await append(log, "forest", after=entry.id)
        await mirror.reach("wine", after)
        assert len(changes) == 3
        assert told == [None, ("wine",), ("wine",)]


async def test_waiting_for_an_entry_that_does_not_come_ends(log: Log) -> None:
    async with mirroring(log) as mirror:
        with pytest.raises(Unavailable, match="cannot be read at the moment"):
            await mirror.reach("wine", "99999999999999-0")


async def test_a_log_that_lost_entries_is_read_again() -> None:
    async with Valkey() as server, connected(server.url) as log, mirroring(log) as mirror:
        last = await append(log, "lost")
        await mirror.caught_up.wait()
        await mirror.reach("wine", last)
        await server.stop()  # without a data folder: everything is gone
        async with Valkey(port=server.port):
            await append(log, "new")
            await wait_until(lambda: mirror.catalog.find("wine", "new"), "the new entry has come")
            assert mirror.catalog.find("wine", "lost") is None
