"""Scores made-up records before a model takes real ones.

The first rows are the slow ones: Java compiles what it has run some hundred times, TensorFlow allocates
by the size of a batch. A host that warms up before it announces itself has its slow rows to itself.
"""

import time

from hedgerow.data.records import Batch, Record, Value
from hedgerow.formats.interface import Model
from hedgerow.v1.models_pb2 import Feature, Signature

DATA_TYPE = "warm-up"
"""The data type of the records, by which a model can tell them from real ones."""

_SIZES = (1, 1, 8, 64, 256)
"""Rows of a batch: as they come alone, and as they come under load."""

_VALUES: dict[int, tuple[Value, ...]] = {
    Feature.TYPE_UNSPECIFIED: (0.0, 1.0, 100.0),
    Feature.TYPE_DOUBLE: (0.0, 1.0, 100.0),
    Feature.TYPE_INTEGER: (0, 1, 100),
    Feature.TYPE_STRING: ("",),
    Feature.TYPE_BOOLEAN: (False, True),
}


def warm_up(model: Model) -> None:
    """Score batches of several sizes, once at least and until the model's warm-up time is over.

    What the model says of such records does not matter, and neither does it if it fails on them: they
    are not from its domain.
    """
    batches = [_batch(model.signature, rows) for rows in _SIZES]
    end = time.monotonic() + model.warm_up_seconds
    while all(_scores(model, batch) for batch in batches) and time.monotonic() < end:
        pass


def _scores(model: Model, batch: Batch) -> bool:
    try:
        model.score(batch)
    except Exception:
        return False
    return True


def _batch(signature: Signature, rows: int) -> Batch:
    return Batch.from_records(DATA_TYPE, [_record(signature, row) for row in range(rows)])


def _record(signature: Signature, row: int) -> Record:
    """Make a record whose numbers differ from row to row, to take different ways through a tree."""
    record = {}
    for place, feature in enumerate(signature.features):
        values = _VALUES[feature.type]
        record[feature.name] = values[(row + place) % len(values)]
    return record
