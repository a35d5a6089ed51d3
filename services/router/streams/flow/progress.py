"""What a router has done of a partition, and why it does not go on, if it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from enum import StrEnum
from time import monotonic

import structlog

from services.common.log.streams import Partition, Settled
from services.router.streams.records.arrivals import Arrival

_log = structlog.get_logger()

_WORD_SECONDS = 10.0


class Step(StrEnum):
    """What a record goes through; each may be held up for a reason of its own."""

    WRITING = "writing"
    SCORING = "scoring"
    READING = "reading"


class Progress:
    """Of one partition, since this router reads it."""

    def __init__(self, partition: Partition) -> None:
        self._partition = partition
        self.scored = 0
        """Records that this router gave a score."""
        self.died = 0
        """Records that it put among the dead letters."""
        self.again = 0
        """Records that had no score because their id had one."""
        self.moved = asyncio.Event()
        """Set when records were read, or settled."""
        self._untold = 0
        self._next_word = 0.0
        self._reasons = dict.fromkeys(Step, "")

    @property
    def hindrance(self) -> str:
        """Why records are not scored at the moment; empty: nothing is in the way."""
        return next((reason for reason in self._reasons.values() if reason), "")

    def hindered(self, step: Step, reason: str) -> None:
        """Say why a step does not go on; empty if it does."""
        before = self.hindrance
        self._reasons[step] = reason
        tag, now = self._partition.tag, self.hindrance
        if now and not before:
            _log.warning("a stream of records stands still", partition=tag, reason=now)
        elif before and not now:
            _log.info("a stream of records goes on", partition=tag)

    def begun(self) -> None:
        """Nothing is here, so nothing is in the way of its scoring or writing."""
        self.hindered(Step.SCORING, "")
        self.hindered(Step.WRITING, "")

    def read(self) -> None:
        """Some were read, whatever comes of them."""
        self.hindered(Step.READING, "")
        self.moved.set()

    def settled(self, settled: Settled, arrivals: Iterable[Arrival]) -> None:
        """These were settled."""
        self.begun()
        fates = [fate for arrival in arrivals for fate in arrival.fates if fate is not None]
        dead = sum(fate.is_dead for fate in fates)
        # Which of them had been there before nobody knows; it is nearly always none.
        self.died += min(dead, settled.written)
        self.scored += max(settled.written - dead, 0)
        self.again += settled.again
        self.moved.set()
        self._tell_of_dead(dead)

    def _tell_of_dead(self, dead: int) -> None:
        """Say how many died, now and then: there may be a million of them."""
        self._untold += dead
        if self._untold and monotonic() >= self._next_word:
            _log.warning(
                "records could not be scored; `hedgerow dead list` has them",
                partition=self._partition.tag,
                records=self._untold,
            )
            self._untold = 0
            self._next_word = monotonic() + _WORD_SECONDS
