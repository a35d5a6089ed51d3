"""Models that are left out for being too slow are tried now and then, and come back when they fit again.

Without that, one would stay out until its slow times are too old to count. A probe is a task like any
other in which the model is started all the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from services.router.hedging.response_times import PlannedModel, ResponseTimes, size_class

_EVERY_SECONDS = 0.1
"""Between two probes of a model, so that some ten tasks a second may wait for one that is too slow."""
_EVERY_TASKS = 10
"""And as many tasks: one of ten, where there are few, and not each of them."""
_ENOUGH = 10
"""Probes in a row that must fit for what was slow to be forgotten."""


class Probes:
    """Of all models, by size of batch as in `ResponseTimes`."""

    def __init__(self, times: ResponseTimes, clock: Callable[[], float] = time.monotonic) -> None:
        self._times = times
        self._clock = clock
        self._last: dict[tuple[PlannedModel, int], float] = {}
        self._left_out: dict[tuple[PlannedModel, int], int] = {}
        """Tasks that did without since the last probe."""
        self._fitting: dict[tuple[PlannedModel, int], int] = {}

    def is_due(self, model: PlannedModel, rows: int) -> bool:
        """Tell whether a model is to be tried in a task that it would be left out of.

        If so, it is not again for a while.
        """
        key, now = (model, size_class(rows)), self._clock()
        left_out = self._left_out.get(key, 0)
        if left_out < _EVERY_TASKS or now < self._last.get(key, float("-inf")) + _EVERY_SECONDS:
            self._left_out[key] = left_out + 1
            return False
        self._last[key], self._left_out[key] = now, 0
        return True

    def ended(self, model: PlannedModel, rows: int, fits: bool) -> None:
        """Take note of a probe: whether the model answered while it was of use."""
        key = model, size_class(rows)
        fitting = self._fitting.get(key, 0) + 1 if fits else 0
        if fitting >= _ENOUGH:
            self._times.forget(model, rows)
            fitting = 0
        self._fitting[key] = fitting
