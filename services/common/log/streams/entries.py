"""Entries of a stream of records, as they were appended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

MOST_ROWS = 16_384
"""Records of one entry. Without a bound an entry of some bytes could say that it has billions of records
without a feature, and whoever reads it would run out of memory, one router after the other."""

Fields = tuple[bytes, ...]
"""Names and values by turns."""


class RecordEntry(NamedTuple):
    """An entry that was read: one record, or a batch of several."""

    id: str
    fields: Fields
    deliveries: int = 1
    """How often it was read or tried, this time included."""

    @property
    def appended_ms(self) -> int:
        """When it was appended, by the log's clock, ms since 1970: its id begins with that."""
        return int(self.id.partition("-")[0])


def entries_of(found: Iterable[Any], deliveries: Iterable[int] | None = None) -> list[RecordEntry]:
    """Return entries as a script gives them; read for the first time, or so many times each."""
    if deliveries is None:
        return [RecordEntry(entry_id.decode(), tuple(fields)) for entry_id, fields in found]
    return [
        RecordEntry(entry_id.decode(), tuple(fields), count)
        for (entry_id, fields), count in zip(found, deliveries, strict=True)
    ]
