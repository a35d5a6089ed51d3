"""The largest of the values seen of late."""

from __future__ import annotations

import math


class Peak:
    """The largest of the values seen, decaying with a time constant."""

    __slots__ = ("_last", "_memory", "_value")

    def __init__(self, memory_seconds: float) -> None:
        self._memory = memory_seconds
        self._value = 0.0
        self._last = 0.0

    def at(self, now: float) -> float:
        """Return the peak at a time (seconds)."""
        return self._value * math.exp((self._last - now) / self._memory)

    def seen(self, value: float, now: float) -> float:
        """Take a value at a time; return the peak by now."""
        self._value = max(self.at(now), value)
        self._last = now
        return self._value
