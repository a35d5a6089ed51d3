"""Ids and keys of records, as they are given: one a record."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from numbers import Integral
from typing import Any, TypeAlias

from hedgerow.data.names import MAX_KEY_BYTES
from hedgerow.errors import InvalidInput, InvalidRecord
from hedgerow.v1.records_pb2 import Batch

Labels: TypeAlias = str | int | Iterable[str | int | None] | None
"""One a record, in their order; None or "" where a record has none. A single one for a single record."""


def texts(kind: str, labels: Labels, rows: int, most_bytes: int) -> list[str]:
    """Return the labels of `rows` records as texts; "" where there is none.

    `kind` is what they are ("id"). Raises InvalidRecord unless there is one a record, text or a whole
    number of at most `most_bytes`.
    """
    if labels is None:
        return [""] * rows
    # Nor are bytes and numbers several; what is wrong with a single one is told of that.
    listed: list[Any]
    if isinstance(labels, Iterable) and not isinstance(labels, str | bytes):
        listed = list(labels)
    else:
        listed = [labels]
    if len(listed) != rows:
        raise InvalidRecord(
            f"there are {len(listed)} {kind}s for {rows} records; give one a record, None for none"
        )
    return [_text(f"the {kind} of record {n}", one, most_bytes) for n, one in enumerate(listed)]


def add_keys(batch: Batch, key: str | int | None, keys: Labels) -> None:
    """Add the keys of its records to a batch: one of all of them, or one a record; or none at all.

    Raises InvalidRecord for keys that cannot be, and InvalidInput if both are given.
    """
    if key is not None and keys is not None:
        raise InvalidInput("key and keys are given; give one of the two")
    if key is not None:
        keys = [key] * batch.rows
    if keys is not None:
        found = texts("key", keys, batch.rows, MAX_KEY_BYTES)
        batch.keys.extend(found if any(found) else ())


def _text(what: str, label: Any, most_bytes: int) -> str:
    if _is_missing(label):
        return ""
    if isinstance(label, Integral) and not isinstance(label, bool):
        label = str(int(label))
    if not isinstance(label, str):
        raise InvalidRecord(f"{what} is a {type(label).__name__}; give text or a whole number")
    try:
        size = len(label.encode())
    except UnicodeEncodeError as error:
        raise InvalidRecord(f"{what} is {label!r}, which is not valid Unicode") from error
    if size > most_bytes:
        raise InvalidRecord(f"{what} has {size} bytes; it may have {most_bytes}")
    return label


def _is_missing(label: Any) -> bool:
    pandas = sys.modules.get("pandas")  # who has its NA has imported it
    if label is None or (pandas is not None and label is pandas.NA):
        return True
    return isinstance(label, float) and label != label
