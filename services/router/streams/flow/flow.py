"""One partition as one router reads it: what waits is read, scored and settled, no more at once than room.

It goes on until it is stopped, through whatever happens: a log that is out of reach, a mesh without models,
a lease that was lost while this process stood still.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import structlog

from hedgerow.errors import Unavailable
from hedgerow.plans.streams import Unread
from services.common.log.streams import LeaseLost, Partition, Reading, Status, Streams
from services.router.streams.flow.custody import Custody
from services.router.streams.flow.entering import Entering
from services.router.streams.flow.handlers import Handlers
from services.router.streams.flow.handling import Handling
from services.router.streams.flow.intake import BeginAnew, Intake
from services.router.streams.flow.progress import Progress, Step
from services.router.streams.flow.read_size import ReadSize
from services.router.streams.records.decoding import decode
from services.router.streams.scoring.pace import Pace
from services.router.streams.scoring.scorer import Given, Scorer
from services.router.streams.stopping import Pauses, Stopped, Stopping

_log = structlog.get_logger()

_LOOK_SECONDS = 0.25
"""How often it is looked whether a reason to wait is over that nobody tells of."""

_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=2), timedelta(seconds=30)
"""For a stream that nothing comes to at a time, doubled from one to the next: there may be a thousand."""

_FULL = (
    "there are as many scores as the plan keeps, and a consumer group has not acknowledged them; have it"
    " go on, or have the plan say `unread: keep`"
)


class Terms(NamedTuple):
    """What holds for all partitions that a router reads."""

    consumer: str
    """The name of this process in the log; no other has had it."""
    redelivery: timedelta
    """What is not renewed for so long is taken over by others."""


class Flow:
    """Reads one partition, alone or beside others.

    `given` says what holds now; None: nobody knows the data type any more. `batches` says how many may be
    on their way at once.
    """

    def __init__(
        self,
        partition: Partition,
        log: Streams,
        scorer: Scorer,
        given: Callable[[], Given],
        pace: Pace,
        batches: Callable[[], int],
        terms: Terms,
        is_alone: bool,
    ) -> None:
        self.partition = partition
        self._log = log
        self.is_alone = is_alone
        self.progress = Progress(partition)
        self._given = given
        self._pace = pace
        self._terms = terms
        self._stopping = Stopping()
        self._entering = Entering(self.progress, self._stopping)
        self._reader = log.reader(partition, terms.consumer)
        self._custody = Custody(self._reader, terms.consumer, terms.redelivery)
        self._intake = Intake(self._reader, self._custody, terms.redelivery, is_alone)
        settlement = log.settlement(partition)
        handling = Handling(scorer, settlement, self._custody, self.progress, given, self._stopping)
        self._handlers = Handlers(handling, self.progress, pace, batches, in_order=is_alone)
        self._longest_wait = _FIRST_WAIT
        self._read_size = ReadSize(asyncio.get_running_loop().time)

    def stop(self) -> None:
        """Read no more; `run` ends when what was read is settled, or is left to others."""
        self._stopping.tell()

    async def run(self) -> None:
        """Read and score until it is stopped."""
        pauses = Pauses(self._stopping)
        with contextlib.suppress(Stopped):
            while not self._stopping.is_told:
                if not await self._session_ends_well():
                    await pauses()
        with contextlib.suppress(Unavailable):
            await self._custody.give_back()

    async def _session_ends_well(self) -> bool:
        is_well = True
        try:
            await self._session()
        except* Stopped:
            pass
        except* LeaseLost:
            _log.warning("another router reads a partition", partition=self.partition.tag)
        except* BeginAnew:
            _log.warning("the log has lost what was read last", partition=self.partition.tag)
        except* Exception:
            _log.exception("a partition is begun anew", partition=self.partition.tag)
            is_well = False
        return is_well

    async def _session(self) -> None:
        """Read until it is stopped, or something fails that is not waited for."""
        await self._entering.until_open(lambda: self._log.splits.is_open(self.partition))
        if self.is_alone:
            await self._entering.until_alone(self._custody.acquire)
        self._begin_again()
        async with asyncio.TaskGroup() as group:
            renewing = group.create_task(self._custody.renew(), name="renews records")
            with contextlib.suppress(Stopped):
                await self._read_on(group)
            await self._handlers.until_done()
            renewing.cancel()

    def _begin_again(self) -> None:
        self._custody.clear()
        self._handlers.begin_again()
        self._intake.begin()
        self.progress.begun()

    async def _read_on(self, group: asyncio.TaskGroup) -> None:
        pauses = Pauses(self._stopping)
        while True:
            await self._stopping.unless(self._handlers.until_room())
            try:
                reading = await self._next()
                if not reading.entries:
                    await self._idle(reading)
            except LeaseLost:
                raise
            except Unavailable as error:
                self.progress.hindered(Step.READING, str(error))
                self._intake.lost()
                await pauses()
                continue
            pauses.over()
            if reading.entries:
                self._longest_wait = _FIRST_WAIT
                self._begin(reading, group)

    async def _next(self) -> Reading:
        given = self._given()
        settings = given.settings
        most = settings.scores.length if settings.unread is Unread.PAUSE else 0
        rows = self._pace.rows(given.plan.deadline_ns / 1e9)
        return await self._intake.next(self._read_size.entries(rows), most)

    async def _idle(self, reading: Reading) -> None:
        """Nothing was read: wait for what there is to wait for."""
        if reading.status is Status.EMPTY:
            self.progress.hindered(Step.READING, "")
            await self._stopping.unless(self._reader.wait(reading.last_id, self._longest_wait))
            self._longest_wait = min(self._longest_wait * 2, _LONGEST_WAIT)
            return
        self.progress.hindered(Step.READING, _FULL if reading.status is Status.FULL else "")
        if reading.status is not Status.SOME:
            await self._stopping.pause(_LOOK_SECONDS)

    def _begin(self, reading: Reading, group: asyncio.TaskGroup) -> None:
        data_type = self.partition.data_type
        arrivals = [decode(entry, data_type, reading.now_ms) for entry in reading.entries]
        self.progress.read()
        self._read_size.seen(len(arrivals), sum([arrival.rows for arrival in arrivals]))
        self._custody.add(arrivals)
        self._handlers.start(arrivals, group)
