"""Reads the log as services do, and keeps what it said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Literal

from hedgerow.v1.events_pb2 import ModelEvent
from services.common.log import Entry, Log, Mark, Mirror, SnapshotItem
from tests.services.common.events import pushed
from tests.support import wait_until


class Reader:
    """Holds what a follower said."""

    def __init__(self) -> None:
        self.items: list[Entry | SnapshotItem | Mark] = []

    @property
    def marks(self) -> list[Mark]:
        return [item for item in self.items if isinstance(item, Mark)]

    @property
    def snapshots(self) -> list[str]:
        """Data types of which a snapshot came, since the last BEGIN."""
        begun = max(at for at, item in enumerate(self.items) if item is Mark.BEGIN)
        return [i.data_type for i in self.items[begun:] if isinstance(i, SnapshotItem)]

    @property
    def names(self) -> list[str]:
        """Names of the models pushed, as their entries came, since the last BEGIN."""
        names: list[str] = []
        for item in self.items:
            if isinstance(item, Entry):
                names.append(item.event.pushed.model.descriptor.name)
            elif item is Mark.BEGIN:
                names.clear()
        return names

    async def sees(self, *names: str) -> None:
        """Wait until these have come, and also all that there was at the beginning."""
        await wait_until(
            lambda: set(self.names) >= set(names) and Mark.END in self.marks, f"{names} have come"
        )


@asynccontextmanager
async def following(log: Log, data_types: Collection[str] | Literal["*"]) -> AsyncIterator[Reader]:
    reader = Reader()

    async def read() -> None:
        async for item in log.models.follow(data_types):
            reader.items.append(item)

    task = asyncio.create_task(read())
    try:
        yield reader
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def mirroring(
    log: Log, keep_lost: bool = False, data_types: Collection[str] | Literal["*"] = "*"
) -> AsyncIterator[Mirror]:
    mirror = Mirror(log.models, data_types, keep_lost=keep_lost)
    task = asyncio.create_task(mirror.run())
    try:
        yield mirror
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def connected(url: str, names_mesh: bool = False) -> AsyncIterator[Log]:
    log = Log(url, names_mesh=names_mesh)
    try:
        yield log
    finally:
        await log.close()


async def append(log: Log, *names: str, data_type: str = "wine", after: str = "0-0") -> str:
    for name in names:
        entry = await log.models.append(data_type, pushed(name, data_type=data_type), after)
        after = entry.id
    return after


def inside(name: str, version: int = 1, data: bytes = b"x") -> ModelEvent:
    """A version of which the bytes are inside of its event, as they were written once."""
    event = pushed(name, version, data=data)
    event.pushed.inline = data
    return event
