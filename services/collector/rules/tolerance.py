"""When two numbers are one answer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hedgerow.v1 import rules_pb2 as pb
from services.collector.rules.columns import Flags, Numbers

_ROUNDING = 1e-12
"""Share of the larger magnitude that is forgiven: 1.1 is within 0.1 of 1.0, floating point or not."""


class Tolerance(NamedTuple):
    """Two numbers agree when their distance <= absolute + relative x the larger magnitude."""

    absolute: float
    relative: float
    """At most 1: see `agree`."""

    @classmethod
    def of(cls, message: pb.Tolerance) -> Tolerance | None:
        """Return the tolerance of a rule, or None for one that only equal numbers meet."""
        if not (message.absolute or message.relative):
            return None
        return cls(message.absolute, min(1.0, message.relative + _ROUNDING))

    def agree(self, low: float, high: float) -> bool:
        """Tell whether two numbers, low <= high, agree.

        If they do, so do all between them, which is what makes groups windows.
        """
        return high - low <= self.absolute + self.relative * max(abs(low), abs(high))

    def agree_columns(self, one: Numbers, other: Numbers) -> Flags:
        """What `agree` tells, whichever is larger; NaN agrees with nothing."""
        with np.errstate(over="ignore"):
            allowed = self.absolute + self.relative * np.maximum(np.abs(one), np.abs(other))
            agree: Flags = np.abs(other - one) <= allowed
        return agree
