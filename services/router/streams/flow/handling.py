"""Handles what was read together: tries it until each record has its fate, and settles it.

A try that fails for want of a part of the mesh counts for nothing and is repeated as it is. One that fails
otherwise counts against the records that it did not score, which wait a while and are tried again, until
they were tried as often as the plan says. The others are settled meanwhile, unless the order counts.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from hedgerow.errors import Unavailable
from services.common.log.streams import LeaseLost, Settlement
from services.router.streams.flow.custody import Custody
from services.router.streams.flow.progress import Progress, Step
from services.router.streams.records.arrivals import Arrival
from services.router.streams.scoring.scorer import Given, Scorer, give_up
from services.router.streams.stopping import Pauses, Stopping

T = TypeVar("T")

_FIRST_WAIT, _LONGEST_WAIT, _LONGER = 0.5, 30.0, 6
"""Seconds before the second try, six times as long before the third, and so on: by then what hung may be
over, and a host that died is back."""


class Handling:
    """Of one partition. Methods raise Stopped when it is to stop, and LeaseLost."""

    def __init__(
        self,
        scorer: Scorer,
        settlement: Settlement,
        custody: Custody,
        progress: Progress,
        given: Callable[[], Given],
        stopping: Stopping,
    ) -> None:
        self._scorer = scorer
        self._settlement = settlement
        self._custody = custody
        self._progress = progress
        self._given = given
        self._stopping = stopping

    async def begin(
        self, arrivals: Sequence[Arrival], sent: Callable[[], None] = lambda: None
    ) -> None:
        """Try what was read, for the first time here; it is told when all of it is on its way."""
        most = self._given().settings.tries
        for arrival in arrivals:
            if arrival.tries > most:  # who had it before died each time
                give_up(arrival, most)
        if again := [a for a in arrivals if a.tries > 1 and not a.is_done]:
            await self._note_tries(again)
        await self._try(arrivals, sent)

    async def finish(self, arrivals: Sequence[Arrival], in_order: bool) -> None:
        """Try the rest until it is done, and settle: what is done at once or, in order, all at the end."""
        left = arrivals
        while True:
            if not in_order:
                await self.settle(left)
            left = [arrival for arrival in left if not arrival.is_done]
            if not left:
                break
            await self._try_again(left)
        if in_order:
            await self.settle(arrivals)

    async def _try(
        self, arrivals: Sequence[Arrival], sent: Callable[[], None] = lambda: None
    ) -> None:
        pauses = Pauses(self._stopping)
        for arrival in arrivals:
            arrival.failures.clear()
        while left := [arrival for arrival in arrivals if arrival.open_rows]:
            excuse = await self._scorer.score(left, self._given(), self._stopping, sent)
            self._progress.hindered(Step.SCORING, excuse)
            if excuse:
                await pauses()

    async def _try_again(self, arrivals: Sequence[Arrival]) -> None:
        most = self._given().settings.tries
        again = [arrival for arrival in arrivals if arrival.tries < most]
        for arrival in arrivals:
            if arrival.tries >= most:
                give_up(arrival, most)
        if not again:
            return
        seconds = _FIRST_WAIT * _LONGER ** (min(arrival.tries for arrival in again) - 1)
        for arrival in again:
            arrival.tries += 1
        await self._note_tries(again)
        # Not at the same time as others that the same record made fail.
        await self._stopping.pause(min(seconds, _LONGEST_WAIT) * random.uniform(0.5, 1.5))
        await self._try(again)

    async def _note_tries(self, arrivals: Sequence[Arrival]) -> None:
        """Have those who may take them over know, before it is tried: whoever tries may die of it."""
        await self._until_done(lambda: self._custody.tried(arrivals))

    async def settle(self, arrivals: Sequence[Arrival]) -> None:
        """Settle those that are done."""
        done = [arrival for arrival in arrivals if arrival.is_done]
        if not done:
            return
        entries = [(a.entry.id, [fate for fate in a.fates if fate is not None]) for a in done]
        window = self._given().settings.deduplicate
        settled = await self._until_done(
            lambda: self._settlement.settle(entries, self._custody.token, window)
        )
        self._progress.settled(settled, done)
        self._custody.remove(done)

    async def _until_done(self, write: Callable[[], Awaitable[T]]) -> T:
        """Write to the log, again and again while it is out of reach or full."""
        pauses = Pauses(self._stopping)
        while True:
            try:
                written = await write()
            except LeaseLost:
                raise
            except Unavailable as error:
                self._progress.hindered(Step.WRITING, str(error))
                await pauses()
            else:
                self._progress.hindered(Step.WRITING, "")
                return written
