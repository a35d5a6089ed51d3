"""Scores records before a model takes real ones: one, the batch sizes in use, rows with missing values.

The first rows are the slow ones: Java compiles what it has run some hundred times, TensorFlow rewrites a
graph and allocates by the size of a batch. A host that warms up before it announces itself has its slow
rows to itself, and what only works in batches, or only one by one, is found here and not by a caller.

Records whose answers are known are the best there are: a model that fails on one of those, however many of
them come in a batch, is refused. Without them records are made up, and a model may well refuse such values
and be right. So made-up records say something only of records that the model does take: those it scores
one by one it must score together, and the other way round. A model that takes none of them is let pass; one
that raises InvalidModel says itself that the fault is not the record's.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from hedgerow.data.predictions import Predictions
from hedgerow.data.records import Batch
from hedgerow.errors import InvalidModel
from hedgerow.formats.answers import check_answer
from hedgerow.formats.interface import Model
from hedgerow.formats.made_up import DATA_TYPE, made_up, with_missing, without_missing
from hedgerow.formats.verification import CIRCUMSTANCES, reason_of

__all__ = ["DATA_TYPE", "Warmth", "warm_up"]

_USUAL_ROWS = (1, 8, 64, 256)
"""Rows of a batch: as they come alone, and as they come under load."""

_TRIED = 8
"""Made-up records that are tried one by one."""

_MOST_MISSING = 100
"""Of the ways in which values may be missing, so many are tried."""

_LONGEST_SECONDS = 10.0
"""After so much of it nothing larger is tried: a host that loads has a time to do so."""

_ROUNDS = 5
"""Timings that are compared with as many before them."""

_FASTER = 0.9
"""A model still gets faster if the later ones are below this share of the earlier ones."""


@dataclass(frozen=True)
class Warmth:
    """How the warming up went."""

    rounds: int
    """How often all batches were scored; 0: the model takes no made-up records."""
    refused: str = ""
    """Why it takes none."""
    row_seconds: float | None = None
    """What one record by itself takes when it is warm; None: it needs no warming up, or takes none."""


def warm_up(
    model: Model,
    known: Batch | None = None,
    batch_rows: Collection[int] = (),
    row_limit: int = 4096,
) -> Warmth:
    """Score all kinds of batches until that gets no faster, at most for the model's warm-up time.

    `known` are records that the model must answer. `batch_rows` are sizes that batches of this model had,
    beside the usual ones; none is above `row_limit`. Raises InvalidModel, in one line, for a model that
    cannot be served.
    """
    end = time.monotonic() + _LONGEST_SECONDS
    try:
        records = Batch(DATA_TYPE, known.rows, known.blocks) if known else _taken(model)
    except _NoneTaken as none:
        return Warmth(0, none.reason)
    kinds = [*_sized(records, batch_rows, row_limit), *_lacking(model, records)]
    batches: list[Batch] = []
    for kind in kinds:
        if not batches or time.monotonic() < end:
            kind.score(model)
            batches.append(kind.batch)
    alone: list[float] = []
    rounds = 1 + _rounds(model, batches, alone)
    return Warmth(rounds, row_seconds=median(alone[-_ROUNDS:]) if alone else None)


@dataclass(frozen=True)
class _Kind:
    """A batch that the model must score, and what is said of it if it does not."""

    batch: Batch
    what: str

    def score(self, model: Model) -> None:
        try:
            _score(model, self.batch)
        except CIRCUMSTANCES:
            raise
        except Exception as error:
            raise InvalidModel(f"the model fails on {self.what}: {reason_of(error)}") from error


def _score(model: Model, batch: Batch) -> Predictions:
    return check_answer(model.score(batch), batch.rows)


# -- records that the model takes ------------------------------------------------------------------


class _NoneTaken(Exception):
    """The model refuses all made-up records."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _taken(model: Model) -> Batch:
    """Return the made-up records that the model scores by themselves, those with an answer if there are."""
    batch = Batch.from_records(DATA_TYPE, made_up(model, _TRIED))
    alone = [_tried(model, batch.rows_of(row, row + 1)) for row in range(batch.rows)]
    together = _tried(model, batch)
    _check_agreement(alone, together)
    scored = [row for row, said in enumerate(alone) if isinstance(said, Predictions)]
    if not scored:
        raise _NoneTaken(str(alone[0]))
    answered = [row for row in scored if not alone[row].absent]  # type: ignore[union-attr]
    return batch.take(answered or scored)


def _tried(model: Model, batch: Batch) -> Predictions | str:
    """Return what the model says, or the reason why it says nothing."""
    try:
        return _score(model, batch)
    except CIRCUMSTANCES:
        raise
    except InvalidModel as error:
        what = "one record by itself" if batch.rows == 1 else f"{batch.rows} records in one batch"
        raise InvalidModel(f"the model fails on {what}: {reason_of(error)}") from error
    except Exception as error:
        return reason_of(error)


def _check_agreement(alone: Sequence[Predictions | str], together: Predictions | str) -> None:
    """Refuse a model that only works in batches, or only one by one."""
    failed = {row: said for row, said in enumerate(alone) if isinstance(said, str)}
    if isinstance(together, str):
        if not failed:
            raise InvalidModel(
                f"the model scores {len(alone)} records one by one and fails on them in one batch:"
                f" {together}; have it take any number of records"
            )
        return
    for row, reason in failed.items():
        if row not in together.absent:
            raise InvalidModel(
                "the model answers a record in a batch and fails on it by itself, as if it had squeezed"
                f" a dimension of size 1 away: {reason}; have it take any number of records"
            )


# -- batches that it must score --------------------------------------------------------------------


def _sized(records: Batch, batch_rows: Collection[int], row_limit: int) -> Iterator[_Kind]:
    for rows in sorted({min(rows, row_limit) for rows in (*_USUAL_ROWS, *batch_rows)}):
        batch = records.take(np.resize(np.arange(records.rows), rows))  # type: ignore[arg-type]
        what = "one record by itself" if rows == 1 else f"{rows} records in one batch"
        yield _Kind(batch, what)


def _lacking(model: Model, records: Batch) -> Iterator[_Kind]:
    """Batches in which values are missing, of one row each and of all of those together."""
    whole = without_missing(records, 0)
    lacking = with_missing(model, whole)[:_MOST_MISSING]
    for record in lacking:
        gone = ", ".join(repr(name) for name in whole if name not in record)
        what = f"a record without {gone}, which by its signature may be missing"
        yield _Kind(Batch.from_records(DATA_TYPE, [record]), what)
    if lacking:
        batch = Batch.from_records(DATA_TYPE, [whole, *lacking])
        yield _Kind(batch, "records in one batch in which values are missing that may be")


def _rounds(model: Model, batches: Sequence[Batch], alone: list[float]) -> int:
    """Score all batches again and again, and return how often until that got no faster.

    What the first batch, one record, took is added to `alone` each time.
    """
    seconds: list[float] = []
    begun = time.monotonic()
    end = begun + model.warm_up_seconds
    while begun < end and not _settled(seconds):
        for batch in batches:
            model.score(batch)
            if batch is batches[0]:
                alone.append(time.monotonic() - begun)
        now = time.monotonic()
        seconds.append(now - begun)
        begun = now
    return len(seconds)


def _settled(seconds: Sequence[float]) -> bool:
    if len(seconds) < 2 * _ROUNDS:
        return False
    before, latest = seconds[-2 * _ROUNDS : -_ROUNDS], seconds[-_ROUNDS:]
    return median(latest) > _FASTER * median(before)
