"""Made-up records: for warming a model up that came without records of its own."""

from __future__ import annotations

from hedgerow.data.records import Batch, Record, Value
from hedgerow.formats.interface import Model
from hedgerow.v1.models_pb2 import Feature

DATA_TYPE = "warm-up"
"""The data type of records that warm a model up, by which it can tell them from real ones."""

_VALUES: dict[int, tuple[Value, ...]] = {
    Feature.TYPE_UNSPECIFIED: (0.0, 1.0, 100.0),
    Feature.TYPE_DOUBLE: (0.0, 1.0, 100.0),
    Feature.TYPE_INTEGER: (0, 1, 100),
    Feature.TYPE_STRING: ("",),
    Feature.TYPE_BOOLEAN: (False, True),
}


def made_up(model: Model, rows: int) -> list[Record]:
    """Make records whose values differ from row to row, to take different ways through a tree."""
    return [_record(model, row) for row in range(rows)]


def _record(model: Model, row: int) -> Record:
    record = {}
    for place, feature in enumerate(model.signature.features):
        values = model.examples.get(feature.name) or _VALUES[feature.type]
        record[feature.name] = values[(row + place) % len(values)]
    return record


def without_missing(batch: Batch, row: int) -> Record:
    """Return a record of a batch with those features only that it has a value of."""
    (record,) = batch.rows_of(row, row + 1).to_records()
    return {name: value for name, value in record.items() if value is not None}


def with_missing(model: Model, record: Record) -> list[Record]:
    """Return a record without each of the features that may be missing, and, first, without all of them."""
    names = [f.name for f in model.signature.features if f.may_be_missing and not f.unused]
    names = [name for name in names if name in record]
    lacking = [set(names), *({name} for name in names)] if len(names) > 1 else [set(names)]
    return [
        {name: value for name, value in record.items() if name not in gone}
        for gone in lacking
        if gone
    ]
