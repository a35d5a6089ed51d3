"""Paced load: so many calls a second whatever becomes of them, each checked, each with an outcome.

A call goes to the routers in turn. Where one does not answer it goes to the other one, once, as a load
balancer or a careful client would send it; routers know nothing of each other.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from random import Random

from bench.payload import records as wine_records
from hedgerow import AsyncClient
from hedgerow.data.answers import Answers
from hedgerow.data.records import Record
from hedgerow.errors import HedgerowError, Overloaded
from soak.checks import Asked, Unknown, problems
from soak.models import NUMBERS, WINE, Model, Models
from soak.plans import DEADLINE_SECONDS

_WINE_SHARE = 0.1
_WINE_RECORDS = 8
_NUMBERS_RECORDS = (1, 1, 1, 5)
_LAST_ANSWERS_SECONDS = 3 * DEADLINE_SECONDS
_WRONG_KEPT = 20


class Outcome(StrEnum):
    """What became of a call."""

    FIRST = "first"
    """Answered by the router that was asked."""
    OTHER = "other"
    """That one did not answer; the other one did."""
    REFUSED = "refused"
    """Neither did, and one of them said that it has too much to do."""
    FAILED = "failed"
    """Neither did."""
    WRONG = "wrong"
    """Answered, but with what cannot be."""
    LOST = "lost"
    """Neither answered nor failed."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call."""

    begun: float
    """Seconds, monotonic."""
    seconds: float
    outcome: Outcome


class Traffic:
    """The load."""

    def __init__(self, routers: Sequence[str], models: Models, rate: float, seed: int) -> None:
        self._clients = [AsyncClient(address) for address in routers]
        self._models = models
        self._rate = rate
        self._random = Random(seed)
        self._numbers = itertools.count(1)
        self._running: dict[asyncio.Task[None], float] = {}
        self._unsettled: list[tuple[Asked, Answers]] = []
        self.floors: Mapping[Model, int] = {}
        """Of each model the version that all hosts have now."""
        self.calls: list[Call] = []
        self.records = 0
        """How many answers were looked at."""
        self.wrong: list[str] = []
        self.errors: Counter[str] = Counter()

    async def run(self) -> None:
        """Send calls until cancelled."""
        begun, sent = time.monotonic(), 0
        while True:
            while sent < self._rate * (time.monotonic() - begun):
                now = time.monotonic()
                task = asyncio.create_task(self._call(sent, now), name=f"call {sent}")
                self._running[task] = now
                task.add_done_callback(self._ended)
                sent += 1
            await asyncio.sleep(0.5 / self._rate)

    async def finish(self) -> None:
        """Wait for the last answers; what has none by then is lost. Close the clients."""
        if self._running:
            await asyncio.wait([*self._running], timeout=_LAST_ANSWERS_SECONDS)
        for task, begun in list(self._running.items()):
            self.calls.append(Call(begun, time.monotonic() - begun, Outcome.LOST))
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        for client in self._clients:
            await client.close()

    def settle(self) -> None:
        """Look at the answers of versions that were not known when they came. Call it at the end."""
        for asked, answers in self._unsettled:
            try:
                self._note(problems(self._models, asked, answers))
            except Unknown as unknown:
                self._note([f"{unknown} answered, which the registry does not know"])
        self._unsettled.clear()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Note a call that raised what a client must not raise."""
        begun = self._running.pop(task)
        if not task.cancelled() and (error := task.exception()):
            self._note([f"{task.get_name()} raised {error!r}"])
            self.calls.append(Call(begun, time.monotonic() - begun, Outcome.WRONG))

    async def _call(self, number: int, begun: float) -> None:
        asked, records = self._next()
        first = number % len(self._clients)
        outcome = await self._score(self._clients[first], asked, records)
        if outcome in (Outcome.FAILED, Outcome.REFUSED):
            second = await self._score(self._clients[1 - first], asked, records)
            if second is Outcome.FIRST:
                outcome = Outcome.OTHER
            elif Outcome.REFUSED in (outcome, second):
                outcome = Outcome.REFUSED
            else:
                outcome = second
        self.calls.append(Call(begun, time.monotonic() - begun, outcome))

    async def _score(self, client: AsyncClient, asked: Asked, records: list[Record]) -> Outcome:
        deadline = timedelta(seconds=DEADLINE_SECONDS)
        try:
            answers = await client.score(asked.data_type, records, deadline=deadline)
        except HedgerowError as error:
            self.errors[str(error)] += 1
            return Outcome.REFUSED if isinstance(error, Overloaded) else Outcome.FAILED
        self.records += len(records)
        try:
            right = self._note(problems(self._models, asked, answers))
        except Unknown:
            self._unsettled.append((asked, answers))
            return Outcome.FIRST
        return Outcome.FIRST if right else Outcome.WRONG

    def _note(self, found: Iterable[str]) -> bool:
        """Keep what is wrong; tell whether nothing is."""
        problems = list(found)
        self.wrong += problems[: max(0, _WRONG_KEPT - len(self.wrong))]
        return not problems

    def _next(self) -> tuple[Asked, list[Record]]:
        if self._models.with_wine and self._random.random() < _WINE_SHARE:
            wines = wine_records()
            places = tuple(self._random.sample(range(len(wines)), _WINE_RECORDS))
            return Asked(WINE, places, self.floors), [wines[place] for place in places]
        count = self._random.choice(_NUMBERS_RECORDS)
        numbers = tuple(next(self._numbers) for _ in range(count))
        asked = Asked(NUMBERS, numbers, self.floors)
        return asked, [{"a": float(number), "b": 0.0} for number in numbers]


@asynccontextmanager
async def flowing(traffic: Traffic) -> AsyncIterator[None]:
    """Let the load flow until the block is left, and wait for its last answers."""
    run = asyncio.create_task(traffic.run(), name="the load")
    try:
        yield
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
        await traffic.finish()
