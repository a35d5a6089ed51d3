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
    rows = list(records)
    for row in rows:
        if not isinstance(row, Mapping):
            raise InvalidRecord(
                f"a record is a {type(row).__name__}; send a mapping from feature to value,"
                " several of them, or a pandas DataFrame"
            )
    return Batch.from_records(data_type, rows)


def index_of(records: Records) -> Any:
    """Return the index of a DataFrame; of other records None."""
    return records.index if is_dataframe(records) else None  # type: ignore[union-attr]  # it is one


def is_dataframe(records: Any) -> bool:
    """Tell whether records are a DataFrame of pandas."""
    pandas = sys.modules.get("pandas")  # who has a DataFrame has imported it
    return pandas is not None and isinstance(records, pandas.DataFrame)
