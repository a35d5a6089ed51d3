"""How long the models of a plan wait, in seconds: as a strategy tells, or learnt and within bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from services.router.plans.strategy import Delay, Strategy

Learnt = Callable[[int, float], float | None]
"""Gives a quantile of the response times of the model at a place, in seconds; None if it is not known."""


class Bounds(NamedTuple):
    """Of waits that are learnt, in seconds."""

    at_least: float
    at_most: float


class Delays(NamedTuple):
    """In seconds, by the places of the models in the plan; None where no time is waited for."""

    starts: tuple[float | None, ...]
    """From the admission of a task until the model starts."""
    replicas: tuple[float | None, ...]
    """From the start of the model until it starts on a second host."""


def resolve(strategy: Strategy, learnt: Learnt, bounds: Bounds, allowed: float) -> Delays:
    """Say how long each model waits in a task that has `allowed` seconds."""
    resolving = _Resolving(strategy, learnt, bounds, allowed)
    return Delays(resolving.starts(), resolving.replicas())


class _Resolving:
    def __init__(self, strategy: Strategy, learnt: Learnt, bounds: Bounds, allowed: float) -> None:
        self._strategy = strategy
        self._learnt = learnt
        self._bounds = bounds
        self._most = allowed / 2
        """What starts later could hardly answer any more."""

    def starts(self) -> tuple[float | None, ...]:
        delays: list[float | None] = []
        for place, start in enumerate(self._strategy.starts):
            if not isinstance(start, Delay):
                delays.append(None)
            elif start.quantile:
                delays.append(self._after_others(place, delays, start.quantile))
            else:
                delays.append(start.seconds)
        return tuple(delays)

    def replicas(self) -> tuple[float | None, ...]:
        hedge, voters = self._strategy.replica_hedge, self._strategy.voters
        if hedge is None:
            return (None,) * len(self._strategy.starts)
        return tuple(
            [
                self._of(place, hedge) if voters >> place & 1 else None
                for place in range(len(self._strategy.starts))
            ]
        )

    def _after_others(self, place: int, delays: list[float | None], quantile: float) -> float:
        """When all listed before it that start by themselves should have answered."""
        answered = [
            (wait or 0.0) + self._bounded(self._learnt(before, quantile))
            for before, wait in enumerate(delays)
            if self._strategy.starts_by_itself(before)
        ]
        return min(max(answered, default=self._bounds.at_most), self._most)

    def _of(self, place: int, wait: Delay) -> float:
        if not wait.quantile:
            return wait.seconds
        return min(self._bounded(self._learnt(place, wait.quantile)), self._most)

    def _bounded(self, learnt: float | None) -> float:
        """Who knows nothing waits as long as may be."""
        if learnt is None:
            return self._bounds.at_most
        return min(max(learnt, self._bounds.at_least), self._bounds.at_most)
