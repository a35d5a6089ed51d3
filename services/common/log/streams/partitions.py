"""Partitions: the streams that the records of a data type are spread over."""

from __future__ import annotations

from typing import NamedTuple
from zlib import crc32


class Partition(NamedTuple):
    """One stream of records and what belongs to it, all in one slot of a Redis Cluster."""

    data_type: str
    number: int | None = None
    """None: the stream without a number, which there always is."""

    @property
    def tag(self) -> str:
        """What is between the braces of its keys: `wine`, `wine/3`."""
        return self.data_type if self.number is None else f"{self.data_type}/{self.number}"

    @property
    def name(self) -> str:
        """Its number as text, "" for the one without."""
        return "" if self.number is None else str(self.number)


def numbered(data_type: str, count: int) -> list[Partition]:
    """Return the partitions that records are spread over where there are so many: of one, that itself."""
    numbers = range(count) if count > 1 else (None,)
    return [Partition(data_type, number) for number in numbers]


def partitions(data_type: str, count: int) -> list[Partition]:
    """Return all partitions of a data type whose records are spread over so many."""
    return list(dict.fromkeys([Partition(data_type), *numbered(data_type, count)]))


def partition_for(data_type: str, count: int, key: str) -> Partition:
    """Return the partition of a key, by CRC-32 (zlib's; ISO 3309) of its UTF-8: known to any producer."""
    return Partition(data_type, crc32(key.encode()) % count if count > 1 else None)
