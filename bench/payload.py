"""What is sent: the held-out wines of the example, encoded once."""

import csv
from collections.abc import Iterator
from functools import cache
from itertools import cycle, islice
from pathlib import Path

from hedgerow.data.records import Batch, Record
from hedgerow.v1.scoring_pb2 import ScoreRequest

WINE = Path(__file__).parents[1] / "examples" / "wine"
DATA_TYPE = "wine"

_DIFFERENT_BATCHES = 16
"""Large batches are sent in turn from this many; single records from all there are."""


@cache
def records() -> tuple[Record, ...]:
    """Return the records, in the order of their file."""
    with (WINE / "records.csv").open(newline="", encoding="utf-8") as file:
        return tuple(
            {name: float(value) for name, value in row.items()} for row in csv.DictReader(file)
        )


def batches(rows: int) -> Iterator[Batch]:
    """Return different batches of `rows` records, each beginning with another record."""
    known = records()
    for start in range(len(known) if rows == 1 else _DIFFERENT_BATCHES):
        yield Batch.from_records(DATA_TYPE, list(islice(cycle(known), start, start + rows)))


def requests(rows: int) -> list[bytes]:
    """Return encoded `ScoreRequest`s of `rows` records each."""
    return [ScoreRequest(batch=batch.to_proto()).SerializeToString() for batch in batches(rows)]
