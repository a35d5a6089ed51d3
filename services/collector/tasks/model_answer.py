"""A model's answer to a task: rows of a frame, and which of the task's records they are.

A model that was started for the doubtful records of a batch alone has answers to those and none to the
others, and from here on that looks as if it had nothing to say of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from hedgerow.v1 import records_pb2
from services.collector.rules.columns import ABSENT, Numbers, Places
from services.collector.rules.verdict import Value
from services.collector.tasks.reports import Report, Result

T = TypeVar("T")
Kind = TypeVar("Kind", np.int64, np.float64)


class ModelAnswer:
    """A frame, the task's first row in it, and the seconds it waited in the host.

    `records` are the places of the records that the rows are, ascending, or None: all of the task's. What
    is asked for all `size` records of the task has an entry for each.
    """

    __slots__ = ("queued", "records", "report", "start")

    def __init__(
        self, report: Report, start: int, queued: float, records: Sequence[int] | None = None
    ) -> None:
        self.report = report
        self.start = start
        self.queued = queued
        self.records = records

    def values(self, size: int) -> list[Value]:
        """Return the answer to each record, None where there is none."""
        return self._laid_out(self.report.values[self.start : self._stop(size)], size, None)

    def confidences(self, size: int) -> list[float]:
        """Return the confidence of each answer, NaN where it has none."""
        confidences = self.report.confidences
        if confidences is None:
            return [math.nan] * size
        return self._laid_out(confidences[self.start : self._stop(size)], size, math.nan)

    def confidences_or_zero(self, size: int) -> list[float]:
        """Return the same, 0 where there is none; `confidence_array` is that as an array."""
        confidences = self.report.confidences
        if confidences is None:
            return [0.0] * size
        found = confidences[self.start : self._stop(size)]
        if self.report.unsure:
            found = [0.0 if math.isnan(number) else number for number in found]
        return self._laid_out(found, size, 0.0)

    def codes(self, labels: dict[str, int], size: int) -> Places:
        """Return the code of each answer, ABSENT where there is none; `labels` as in `Report.codes`."""
        found = self.report.codes(labels, self.start, self._stop(size))
        return found if self.records is None else _spread(found, self.records, size, ABSENT)

    def confidence_array(self, size: int) -> Numbers:
        """Return the confidence of each answer, 0 where it has none."""
        found = self.report.confidence_array(self.start, self._stop(size))
        return found if self.records is None else _spread(found, self.records, size, 0)

    def asked(self, size: int) -> int:
        """Return how many of the records the model was asked for."""
        return size if self.records is None else len(self.records)

    def said(self, size: int) -> records_pb2.Predictions:
        """Return what the model said of the records, raw outputs included, for the wire."""
        found = self.report.said(self.start, self._stop(size))
        return (found if self.records is None else found.spread(self.records, size)).to_proto()

    def _stop(self, size: int) -> int:
        return self.start + self.asked(size)

    def _laid_out(self, found: list[T], size: int, rest: T) -> list[T]:
        if self.records is None:
            return found
        column = [rest] * size
        for record, item in zip(self.records, found, strict=True):
            column[record] = item
        return column


def records_of(result: Result, size: int) -> tuple[Sequence[int] | None, str]:
    """Return which of a task's records a result is about, and why it cannot be about them, or ""."""
    rows, named = result[1], list(result[4].records)
    if not named:
        return None, "" if rows == size else f"it answered {rows} of {size} records"
    if len(named) != rows:
        return None, f"it answered {rows} records and named {len(named)}"
    if named[-1] >= size or any(one >= other for one, other in pairwise(named)):
        return None, f"it named records that the {size} of the task are not"
    return (None if rows == size else named), ""


def _spread(
    found: npt.NDArray[Kind], records: Sequence[int], size: int, rest: int
) -> npt.NDArray[Kind]:
    column = np.full(size, rest, found.dtype)
    column[list(records)] = found
    return column
