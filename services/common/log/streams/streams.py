"""What there is to be had of streams of records, by partition."""

from __future__ import annotations

from typing import Any

from services.common.log import keys
from services.common.log.lease import Lease
from services.common.log.streams.figures import Figures, figures
from services.common.log.streams.letters import Letters
from services.common.log.streams.partitions import Partition, partitions
from services.common.log.streams.reading import RecordReader
from services.common.log.streams.scores import ScoreReader
from services.common.log.streams.sending import Sending
from services.common.log.streams.settling import Settlement
from services.common.log.streams.splits import Splits
from services.common.log.streams.trimming import Trimming
from services.common.log.streams.waiting import Waiting


class Streams:
    """The streams of records of a log. Nothing is asked before a method is called."""

    def __init__(self, redis: Any, few: Any) -> None:
        """`few` has a handful of connections, for what routers ask of a thousand partitions at a time."""
        self._redis = redis
        self._few = few
        self._waiting = Waiting(redis)
        self.splits = Splits(few)

    def reader(self, partition: Partition, consumer: str) -> RecordReader:
        """Return a router's access to a partition; `consumer` is a name that no other process has had."""
        return RecordReader(self._few, partition, consumer, self._waiting)

    def settlement(self, partition: Partition) -> Settlement:
        """Return what settles the records of a partition."""
        return Settlement(self._few, partition)

    def trimming(self, partition: Partition) -> Trimming:
        """Return what trims a partition."""
        return Trimming(self._few, partition)

    def sending(self, data_type: str, backlog: int) -> Sending:
        """Return what appends to a data type's streams while fewer entries wait in a partition."""
        return Sending(self._redis, data_type, backlog)

    def scores(self, partition: Partition) -> ScoreReader:
        """Return what reads the scores of a partition."""
        return ScoreReader(self._redis, partition)

    def letters(self, partition: Partition) -> Letters:
        """Return the dead letters of a partition."""
        return Letters(self._redis, partition)

    def suspects(self, data_type: str) -> Lease:
        """Return the lease of the router that tries records of a data type again which failed."""
        return Lease(self._few, keys.suspects(data_type))

    async def partitions(self, data_type: str) -> list[Partition]:
        """Return all partitions that a data type has. Raises Unavailable."""
        *_, count = await self.splits.history(data_type)
        return partitions(data_type, count)

    async def figures(self, partition: Partition) -> Figures:
        """Look at a partition. Raises Unavailable."""
        return await figures(self._few, partition)

    async def close(self) -> None:
        """Wait for nothing any more."""
        await self._waiting.close()
