"""Models that are left out for being too slow are tried now and then, and come back when they fit again.

Without that, one would stay out until its slow times are too old to count. A probe is a task like any
other in which the model is started all the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from services.router.response_times import Model, ResponseTimes, size_class

_EVERY_SECONDS = 0.1
"""Between two probes of a model: some ten tasks a second may wait for a model that is still too slow."""
_ENOUGH = 10
"""Probes in a row that must fit for what was slow to be forgotten."""


class Probes:
    """Of all models, by size of batch as in `ResponseTimes`."""

    def __init__(self, times: ResponseTimes, clock: Callable[[], float] = time.monotonic) -> None:
        self._times = times
        self._clock = clock
        self._last: dict[tuple[Model, int], float] = {}
        self._fitting: dict[tuple[Model, int], int] = {}

    def is_due(self, model: Model, rows: int) -> bool:
        """Tell whether a model that is left out is to be tried; if so, it is not again for a while."""
        key, now = (model, size_class(rows)), self._clock()
        if now < self._last.get(key, float("-inf")) + _EVERY_SECONDS:
            return False
        self._last[key] = now
        return True

    def ended(self, model: Model, rows: int, fits: bool) -> None:
        """Take note of a probe: whether the model answered while it was of use."""
        key = model, size_class(rows)
        fitting = self._fitting.get(key, 0) + 1 if fits else 0
        if fitting >= _ENOUGH:
            self._times.forget(model, rows)
            self._last.pop(key, None)
            fitting = 0
        self._fitting[key] = fitting
