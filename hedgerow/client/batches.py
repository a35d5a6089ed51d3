"""Records as users have them, as one batch."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from hedgerow.data.records import Batch, Record
from hedgerow.errors import InvalidRecord

if TYPE_CHECKING:
    import pandas as pd

Records: TypeAlias = "Record | Iterable[Record] | pd.DataFrame"


def batch_of(data_type: str, records: Records) -> Batch:
    """Return a mapping, several mappings or a DataFrame as one batch. Raises InvalidRecord."""
    if isinstance(records, Mapping):
        return Batch.from_records(data_type, [records])
    if is_dataframe(records):
        return Batch.from_dataframe(data_type, records)
    rows = listed(records)
    for row in rows:
        if not isinstance(row, Mapping):
            raise _no_record(row)
    return Batch.from_records(data_type, rows)


def listed(records: Iterable[Record]) -> list[Record]:
    """Return several records as a list. Raises InvalidRecord for what is nothing of the kind."""
    if not isinstance(records, Iterable):
        raise _no_record(records)
    return list(records)


def _no_record(value: object) -> InvalidRecord:
    return InvalidRecord(
        f"a record is a {type(value).__name__}; send a mapping from feature to value,"
        " several of them, or a pandas DataFrame"
    )


def index_of(records: Records) -> Any:
    """Return the index of a DataFrame; of other records None."""
    return records.index if is_dataframe(records) else None  # type: ignore[union-attr]  # it is one


def is_dataframe(records: Any) -> bool:
    """Tell whether records are a DataFrame of pandas."""
    pandas = sys.modules.get("pandas")  # who has a DataFrame has imported it
    return pandas is not None and isinstance(records, pandas.DataFrame)
