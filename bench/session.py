"""What every scene is given: how long to measure, how often, and somebody to tell."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from bench.others import Others

T = TypeVar("T")

_DISTURBED = 0.1
"""A measurement during which others took more of the processor than this is made again."""


class Session:
    """One run of one scene."""

    def __init__(self, seconds: float, runs: int, say: Callable[[str], None]) -> None:
        self.seconds = seconds
        """Length of each measurement."""
        self.disturbance = 0.0
        """The largest share of the processor that others took during a measurement that counts."""
        self.say = say
        """Tells what is being done."""
        self._runs = runs

    async def repeat(self, what: str, measure: Callable[[], Awaitable[T]]) -> list[T]:
        """Measure several times; at most twice as often as asked for, to find undisturbed times."""
        seen: list[tuple[float, T]] = []
        while self._undisturbed(seen) < self._runs and len(seen) < 2 * self._runs:
            again = f", {len(seen) - self._undisturbed(seen)} disturbed" if seen else ""
            self.say(f"{what} ({self._undisturbed(seen) + 1} of {self._runs}{again})")
            others = Others()
            result = await measure()
            seen.append((others.share(), result))
        seen.sort(key=lambda entry: entry[0])
        counting = seen[: self._runs]
        self.disturbance = max(self.disturbance, counting[-1][0])
        return [result for _, result in counting]

    @staticmethod
    def _undisturbed(seen: list[tuple[float, T]]) -> int:
        return sum(share <= _DISTURBED for share, _ in seen)
