"""What records have beside their features: keys and ids, one a record or none."""

from __future__ import annotations

from collections.abc import Collection

from hedgerow.errors import InvalidRecord
from hedgerow.v1 import records_pb2 as pb

MAX_KEY_BYTES = 1024
MAX_ID_BYTES = 256


def check_names(batch: pb.Batch) -> None:
    """Raise InvalidRecord unless keys are one a record or none at all, and none is too long; ids too."""
    if batch.keys:
        _check("keys", batch.keys, batch.rows, MAX_KEY_BYTES)
    if batch.ids:
        _check("ids", batch.ids, batch.rows, MAX_ID_BYTES)


def without_names(batch: pb.Batch) -> pb.Batch:
    """Return the records alone; they are what models see."""
    if not batch.keys and not batch.ids:
        return batch
    return pb.Batch(data_type=batch.data_type, rows=batch.rows, blocks=batch.blocks)


def _check(what: str, texts: Collection[str], rows: int, most: int) -> None:
    if len(texts) != rows:
        raise InvalidRecord(
            f"there are {len(texts)} {what} for {rows} records; give one a record, or none at all"
        )
    for record, text in enumerate(texts):
        # In UTF-8 a character has 4 bytes at the most.
        if 4 * len(text) > most and (size := len(text.encode())) > most:
            raise InvalidRecord(
                f"record {record + 1} of {rows}: its {what.removesuffix('s')} has {size} bytes;"
                f" give at most {most}"
            )
