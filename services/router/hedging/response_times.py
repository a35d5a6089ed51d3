"""How long models take to answer, as running quantiles over a window of time.

A response time counts from the start of the model until the collector has its result. One that is cut
short, because the decision fell without it, is taken as what had passed by then: the true value is larger,
and so the quantiles of interest are right as long as they are below it, which is what hedging by them sees
to. Without that, the slow would not be counted at all, and the quantile would run away downwards.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from math import ceil

_MOST_KEPT = 512
"""Of one model and size of batch."""
_SORTED_FOR = 0.05
"""Seconds for which the sorted times are good enough."""

PlannedModel = tuple[tuple[str, str], str]
"""Data type and name; the reference by which a plan has it."""


class ResponseTimes:
    """Of all models. Times are seconds of `clock`; only those of the last `window` count."""

    def __init__(self, window: float, clock: Callable[[], float]) -> None:
        self._window = window
        self._clock = clock
        self._series: dict[tuple[PlannedModel, int], _Series] = {}

    def add(self, model: PlannedModel, rows: int, seconds: float) -> None:
        """Count a response time for a batch of so many rows."""
        key = model, size_class(rows)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = _Series()
        series.times.append((self._clock(), seconds))

    def forget(self, model: PlannedModel, rows: int) -> None:
        """Forget the response times of a model for batches of about so many rows."""
        self._series.pop((model, size_class(rows)), None)

    def quantile(self, model: PlannedModel, rows: int, quantile: float) -> float | None:
        """Return a quantile for batches of about so many rows; None if too few are known for it.

        `quantile` is less than 1. There must be at least one time beyond it: 20 for 0.95, 100 for 0.99.
        """
        series = self._series.get((model, size_class(rows)))
        if series is None:
            return None
        known = series.sorted(self._clock(), self._window)
        if len(known) * (1 - quantile) < 1 - 1e-9:
            return None
        return known[ceil(len(known) * quantile - 1e-9) - 1]


class _Series:
    __slots__ = ("_sorted", "_until", "times")

    def __init__(self) -> None:
        self.times: deque[tuple[float, float]] = deque(maxlen=_MOST_KEPT)
        self._sorted: list[float] = []
        self._until = float("-inf")

    def sorted(self, now: float, window: float) -> list[float]:
        if now > self._until:
            while self.times and self.times[0][0] < now - window:
                self.times.popleft()
            self._sorted = sorted([seconds for _, seconds in self.times])
            self._until = now + _SORTED_FOR
        return self._sorted


def size_class(rows: int) -> int:
    """Batches of like size share their times: 1, 2 to 15, 16 to 127, 128 to 1023 ... rows."""
    return (rows.bit_length() + 1) // 3
