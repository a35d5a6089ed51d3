"""The scores of all partitions of a data type, as one feed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

from hedgerow.errors import Unavailable
from hedgerow.v1.streams_pb2 import ReadScoresRequest, ReadScoresResponse, Score
from services.common.log.streams import Partition, ScoreReader, Streams, check_position
from services.router.streams.stopping import Stopped, Stopping

_LOOK_SECONDS = 2.0
"""How often it is looked whether there are more partitions."""


class ScoreFeed:
    """What one caller reads. Nothing is read ahead but what one partition gives at a time."""

    def __init__(self, log: Streams, request: ReadScoresRequest, stopping: Stopping) -> None:
        """Raises InvalidInput if a position is none."""
        for position in (getattr(request, "from") or "0", *request.positions.values()):
            check_position(position)
        self._log = log
        self._data_type = request.data_type
        self._begin = getattr(request, "from")
        self._positions: Mapping[str, str] = dict(request.positions)
        self._follow = request.follow
        self._stopping = stopping
        self._found: asyncio.Queue[list[Score] | Exception | None] = asyncio.Queue(maxsize=1)
        self._reading: dict[Partition, asyncio.Task[None]] = {}
        self._behind = 0
        """Partitions of which what there was has not all been read."""

    async def run(self) -> AsyncIterator[ReadScoresResponse]:
        """Yield scores, until there are no more or, if it follows, for ever. Raises Unavailable."""
        readers = [await self._reader(p) for p in await self._log.partitions(self._data_type)]
        yield ReadScoresResponse(positions={r.partition.name: r.position for r in readers})
        try:
            for reader in readers:
                self._start(reader)
            watching = asyncio.create_task(self._watch(), name="looks for more partitions")
            self._behind = len(readers)
            while self._behind or self._follow:
                scores = await self._next()
                if scores is not None:
                    yield ReadScoresResponse(scores=scores)
                elif not self._behind and self._follow:
                    yield ReadScoresResponse()
        finally:
            for task in (watching, *self._reading.values()):
                task.cancel()

    async def _next(self) -> list[Score] | None:
        """Return scores; None: one partition has no more for now."""
        try:
            found = await self._stopping.unless(self._found.get())
        except Stopped:
            raise Unavailable("the router is stopping; go on at another one") from None
        if isinstance(found, Exception):
            raise found
        self._behind -= found is None
        return found

    async def _reader(self, partition: Partition) -> ScoreReader:
        """Return a partition's reader, where it is to begin."""
        reader = self._log.scores(partition)
        begin = self._positions.get(partition.name) or self._begin
        reader.position = begin or await reader.end()
        return reader

    def _start(self, reader: ScoreReader, is_new: bool = False) -> None:
        self._reading[reader.partition] = asyncio.create_task(
            self._read(reader, is_new), name="reads scores"
        )

    async def _read(self, reader: ScoreReader, is_new: bool) -> None:
        """Hand on what a partition has, and say once that this was all, unless it is a new one."""
        try:
            while scores := await reader.next(wait=False):
                await self._found.put(scores)
            if not is_new:
                await self._found.put(None)
            while self._follow:
                if scores := await reader.next(wait=True):
                    await self._found.put(scores)
        except Unavailable as error:
            await self._found.put(error)

    async def _watch(self) -> None:
        """Read partitions that are made meanwhile, from their beginning."""
        while self._follow:
            await asyncio.sleep(_LOOK_SECONDS)
            try:
                found = await self._log.partitions(self._data_type)
            except Unavailable:
                continue  # whoever reads tells it
            for partition in found:
                if partition not in self._reading:
                    self._start(self._log.scores(partition), is_new=True)
