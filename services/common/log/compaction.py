"""Compacts the log: what the entries of a data type came to is put into a snapshot, and they are removed.

Every step may be the last one of a process, and several registries may do it at the same time: a
snapshot takes the place only of an earlier one, entries go only when they are in it, and bytes inside of
entries are beside them before. What a registry knows itself is not used: it may be more than the log has.
"""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import structlog
from google.protobuf.message import Message

from hedgerow.errors import Corrupt, HedgerowError, Unavailable
from services.common.catalog import Catalog, Version
from services.common.log.blobs import Blobs
from services.common.log.entries import BEGINNING, Entry, SnapshotItem
from services.common.log.following import Item, Mark
from services.common.log.models import ModelLog
from services.common.log.snapshots import Snapshots

_log = structlog.get_logger()

ENTRIES = 256
"""A stream with more of them after its snapshot is compacted: a start reads these in some milliseconds."""

_PAUSE_SECONDS = 5.0
_READ_SECONDS = 60.0


class _Newer(HedgerowError):
    """Something in the log says what only a newer program knows, and would be lost."""

    def __init__(self, entry: str) -> None:
        super().__init__(f"a newer program wrote {entry}")
        self.id = entry


class Compactor:
    """Compacts the streams of a log."""

    def __init__(self, log: ModelLog, snapshots: Snapshots, blobs: Blobs) -> None:
        self._log = log
        self._snapshots = snapshots
        self._blobs = blobs
        self._seen: dict[str, str] = {}

    async def run(self, last_ids: Callable[[], dict[str, str]]) -> None:
        """Compact what has grown, for ever; `last_ids` gives the last entry of each data type.

        A log that is out of reach or full is tried again, quietly.
        """
        while True:
            # Not all registries at once.
            await asyncio.sleep(_PAUSE_SECONDS * random.uniform(0.5, 1.5))
            try:
                await self._round(last_ids())
            except (Unavailable, Corrupt) as error:
                _log.info("the log could not be compacted", reason=str(error))

    async def _round(self, last_ids: dict[str, str]) -> None:
        changed = [name for name, at in last_ids.items() if self._seen.get(name) != at]
        if not changed:
            return
        lengths = await self._snapshots.lengths(changed)
        for data_type, length in zip(changed, lengths, strict=True):
            if length > ENTRIES + 1:  # the snapshot's last entry stays
                await self.compact(data_type)
            self._seen[data_type] = last_ids[data_type]

    async def compact(self, data_type: str) -> None:
        """Write a snapshot of a data type up to its last entry, and remove the entries before that.

        Raises Unavailable, and Corrupt if entries are missing.
        """
        await self._snapshots.trim(
            data_type
        )  # whoever wrote the one that is there may have died since
        try:
            catalog = await self._fold(data_type)
        except _Newer as newer:
            _log.info("the log is left to a newer program to compact", entry=newer.id)
            return
        last_id = catalog.last_id(data_type)
        if last_id == BEGINNING:
            return
        for version in catalog.inside_entries(data_type):
            await self._move_out(version)
        snapshot = await asyncio.to_thread(catalog.snapshot, data_type)
        if await self._snapshots.write(data_type, snapshot):
            removed = await self._snapshots.trim(data_type)
            _log.info(
                "the log was compacted", data_type=data_type, entries=removed, last_id=last_id
            )

    async def _fold(self, data_type: str) -> Catalog:
        """Return what the log has of a data type."""
        catalog = Catalog()
        try:
            async with asyncio.timeout(_READ_SECONDS):
                async for item in self._log.follow({data_type}):
                    if item is Mark.END:
                        return catalog
                    await _take(catalog, item)
        except TimeoutError as error:
            raise Unavailable("the log cannot be read at the moment") from error
        raise AssertionError("a follower ends only when it is cancelled")

    async def _move_out(self, version: Version) -> None:
        """Put the bytes inside of an entry beside it, as those of all later ones are."""
        definition = version.definition
        event = await self._log.read(definition.data_type, definition.entry_id)
        if version.life.is_deleted:
            version.entry_id = ""
            return
        with tempfile.TemporaryDirectory(prefix="hedgerow-compaction-") as folder:
            file = Path(folder) / "definition"
            await asyncio.to_thread(file.write_bytes, event.pushed.inline)
            chunks = await self._blobs.write(definition.sha256, file)
        await self._blobs.keep(definition.sha256, chunks)
        version.chunks, version.entry_id = chunks, ""


async def _take(catalog: Catalog, item: Item) -> None:
    if isinstance(item, SnapshotItem):
        _check_known(item.snapshot, f"the snapshot of {item.data_type}")
        await asyncio.to_thread(catalog.load, *item)
    elif isinstance(item, Entry):
        _check_known(item.event, f"{item.data_type} {item.id}")
        catalog.apply(*item)


def _check_known(message: Message, what: str) -> None:
    """Raise _Newer for a message with parts that this program does not know, and drop them."""
    size = message.ByteSize()
    message.DiscardUnknownFields()
    if message.ByteSize() != size:
        raise _Newer(what)
