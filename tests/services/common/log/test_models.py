"""Appending events, and reading one again."""

from __future__ import annotations

import asyncio

import pytest

from hedgerow.errors import Corrupt
from services.common.log import Conflict, Entry, Log, Mark
from tests.services.common.events import pushed
from tests.services.common.log.reading import append, following
from tests.support import wait_until


async def test_an_event_is_read_as_it_was_appended(log: Log) -> None:
    entry = await log.models.append("wine", pushed("tree"), after="0-0")
    assert entry.event == pushed("tree")
    assert await log.models.read("wine", entry.id) == pushed("tree")


async def test_who_has_not_seen_the_last_entry_appends_nothing(log: Log) -> None:
    first = await append(log, "a")
    last = await append(log, "b", after=first)
    for seen in ("0-0", first, "9-9"):
        with pytest.raises(Conflict) as conflict:
            await append(log, "c", after=seen)
        assert conflict.value.last_id == last
    async with following(log, "*") as reader:
        await wait_until(lambda: Mark.END in reader.marks, "all is read")
        assert reader.names == ["a", "b"]


async def test_of_many_that_saw_the_same_one_appends(log: Log) -> None:
    tries = (log.models.append("wine", pushed(f"m{n}"), after="0-0") for n in range(20))
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert len([result for result in results if isinstance(result, Entry)]) == 1
    assert len([result for result in results if isinstance(result, Conflict)]) == 19


async def test_an_entry_that_is_gone_is_corrupt(log: Log) -> None:
    with pytest.raises(Corrupt, match="entry 1-1 of data type 'wine' is gone"):
        await log.models.read("wine", "1-1")
