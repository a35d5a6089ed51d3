"""What was read is handled while more is read, as much at once as there is room for.

There is room for a number of batches on their way for the first time, and for some that are to be tried
again. Where the order counts, what was read later is scored and settled later.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator, Sequence

from services.router.streams.flow.handling import Handling
from services.router.streams.flow.progress import Progress, Step
from services.router.streams.records.arrivals import Arrival
from services.router.streams.scoring.pace import Pace
from services.router.streams.stopping import Stopped

_LOOK_SECONDS = 0.25
"""How often it is looked whether there is room, which grows with hosts; nobody tells."""

_WAITING = 8
"""Batches that may be here beside those on their way: of records that are to be tried again. It is records
that are counted, for an entry may have thousands."""

_CROWDED = "as many records as may wait here have failed and are tried again, a few at a time"


class _Place:
    """Of what was read at once, in the order of the stream."""

    def __init__(self) -> None:
        self.is_sent = asyncio.Event()
        """All of it is on its way to the models, where it is scored in this order."""
        self.is_settled: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        """Or not: it was left to others."""


class Handlers:
    """Of one partition. `batches` says how many may be on their way at once."""

    def __init__(
        self,
        handling: Handling,
        progress: Progress,
        pace: Pace,
        batches: Callable[[], int],
        *,
        in_order: bool,
    ) -> None:
        self._handling = handling
        self._progress = progress
        self._pace = pace
        self._batches = batches
        self._in_order = in_order
        self._tasks: set[asyncio.Task[None]] = set()
        self._on_their_way = 0
        self._waiting = 0
        """Records that are to be tried again."""
        self._moved = asyncio.Event()
        self._last: _Place | None = None

    def begin_again(self) -> None:
        """Nothing is here."""
        self._tasks.clear()
        self._on_their_way = self._waiting = 0
        self._last = None

    def start(self, arrivals: Sequence[Arrival], group: asyncio.TaskGroup) -> None:
        """Handle what was read."""
        self._on_their_way += 1
        task = group.create_task(self._handler(arrivals), name="scores records of a stream")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def until_done(self) -> None:
        """Wait until all is settled, or left to others."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def until_room(self) -> None:
        """Wait until another batch may be on its way."""
        while not self._has_room():
            self._moved.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._moved.wait()

    def _has_room(self) -> bool:
        most = self._batches()
        if self._on_their_way >= most:
            return False
        is_crowded = self._waiting >= _WAITING * self._pace.most
        if is_crowded:
            self._progress.hindered(Step.READING, _CROWDED)
        return not is_crowded

    @contextlib.contextmanager
    def _waiting_again(self, records: int) -> Iterator[None]:
        self._waiting += records
        try:
            yield
        finally:
            self._waiting -= records
            self._moved.set()

    def _make_room(self) -> None:
        self._on_their_way -= 1
        self._moved.set()

    def _handler(self, arrivals: Sequence[Arrival]) -> Coroutine[None, None, None]:
        if not self._in_order:
            return self._handle(arrivals)
        before, self._last = self._last, _Place()
        return self._handle_in_order(arrivals, before, self._last)

    async def _handle(self, arrivals: Sequence[Arrival]) -> None:
        with contextlib.suppress(Stopped):
            try:
                await self._handling.begin(arrivals)
                await self._handling.settle(arrivals)
            finally:
                self._make_room()
            left = [arrival for arrival in arrivals if not arrival.is_done]
            with self._waiting_again(sum(arrival.rows for arrival in left)):
                await self._handling.finish(left, in_order=False)

    async def _handle_in_order(
        self, arrivals: Sequence[Arrival], before: _Place | None, place: _Place
    ) -> None:
        """Have it scored after what was read before, and settle it when that has been.

        If that is left to others, so is this.
        """
        is_settled = False
        try:
            if before is not None:
                await before.is_sent.wait()
            await self._handling.begin(arrivals, place.is_sent.set)
            # Who awaits a future and is cancelled cancels it, and it is another's.
            if before is None or await asyncio.shield(before.is_settled):
                await self._handling.finish(arrivals, in_order=True)
                is_settled = True
        except Stopped:
            pass
        finally:
            place.is_sent.set()
            place.is_settled.set_result(is_settled)
            self._make_room()
