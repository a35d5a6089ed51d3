"""How far a task has come whose models do not all start at once, and what follows from that. Pure.

A model ends when it has answered or will not answer. Among those that have not started, the next may
start when its own time has come and fewer run than may; and when nothing runs any more although the task
is not decided, the next starts whatever it waits for: that is what doubt means, and waiting on would
help nobody.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.router.hedging.delays import Delays
from services.router.plans.strategy import Strategy, When


class Schedule:
    """Of one task. Times are seconds from its admission; sets of models are bits by their places."""

    __slots__ = (
        "_delays",
        "_strategy",
        "asked",
        "ended",
        "replicated",
        "startable",
        "started",
        "started_at",
        "undecided",
    )

    def __init__(self, strategy: Strategy, delays: Delays, startable: int) -> None:
        self._strategy = strategy
        self._delays = delays
        self.startable = startable & strategy.voters
        """Those that a host serves and that can answer in time."""
        self.started = 0
        self.ended = 0
        self.replicated = 0
        """Those that were started on a second host."""
        self.started_at: dict[int, float] = {}
        self.asked: dict[int, int] = {}
        """Records for which a model was started, where it was not for all of them."""
        self.undecided: Sequence[int] | None = None
        """The records that are left to decide, by their places; None if they all are."""

    @property
    def held(self) -> int:
        """Those that have not started, and may."""
        return self.startable & ~self.started & ~self.ended

    def start(self, now: float) -> list[int]:
        """Start what is to start now, and return its places."""
        places = self._due(now)
        for place in places:
            self.started |= 1 << place
            self.started_at[place] = now
        return places

    def replicate(self, now: float) -> list[int]:
        """Return those that are late and have no second host, once each."""
        late = [place for place, at in self._replicas() if at <= now]
        for place in late:
            self.replicated |= 1 << place
        return late

    def end(self, ended: int) -> int:
        """Take note of models that have ended; return those that had not."""
        news = ended & ~self.ended
        self.ended |= ended
        return news

    def wakes_at(self) -> float | None:
        """When something may be due without any news, or None if nothing can."""
        times = [at for _, at in self._replicas()]
        if self._running().bit_count() < self._strategy.parallelism:
            times += [
                wait
                for place in _places(self.held)
                if (wait := self._delays.starts[place]) is not None
            ]
        return min(times, default=None)

    def _due(self, now: float) -> list[int]:
        running = self._running().bit_count()
        free = self._strategy.parallelism - running
        places = [place for place in _places(self.held) if self._may_start(place, now)][:free]
        if not places and not running and self.held:
            return [next(_places(self.held))]
        return places

    def _may_start(self, place: int, now: float) -> bool:
        wait = self._delays.starts[place]
        if wait is None:
            return self._strategy.starts[place] is When.AT_ONCE
        return wait <= now

    def _running(self) -> int:
        return self.started & ~self.ended

    def _replicas(self) -> Iterator[tuple[int, float]]:
        """Models that may yet be started on a second host, and when."""
        for place in _places(self._running() & ~self.replicated):
            wait = self._delays.replicas[place]
            if wait is not None:
                yield place, self.started_at[place] + wait


def _places(bits: int) -> Iterator[int]:
    place = 0
    while bits:
        if bits & 1:
            yield place
        bits >>= 1
        place += 1
