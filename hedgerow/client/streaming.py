"""One ScoreStream call: pairs answers, which come in any order, with what was asked, and keeps order."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import grpc

from hedgerow.client.call_status import CallStatus
from hedgerow.client.statuses import error_from_call, error_from_stream
from hedgerow.data.answers import Answers
from hedgerow.errors import HedgerowError, Internal, InvalidRecord, Unavailable
from hedgerow.v1.scoring_pb2 import ScoreRequest, ScoreStreamRequest, ScoreStreamResponse

Item = TypeVar("Item")

_LAST_WORD_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Scored(Generic[Item]):
    """What was asked, and its answers or the reason why there are none."""

    records: Item
    outcome: Answers | HedgerowError

    @property
    def answers(self) -> Answers:
        """The answers. Raises the reason why there are none."""
        if isinstance(self.outcome, HedgerowError):
            raise self.outcome
        return self.outcome


@dataclass(slots=True)
class _Pending(Generic[Item]):
    """Something asked that has no answer yet."""

    records: Item
    outcome: asyncio.Future[Answers | Exception]


async def exchange(
    call: Any,
    items: AsyncIterable[Item],
    request: Callable[[Item], ScoreRequest],
    in_flight: int,
    target: str,
) -> AsyncGenerator[Scored[Item], None]:
    """Send every item over an open ScoreStream call and yield it with its answers, in order."""
    running = _Exchange(call, request, in_flight, target)
    tasks = (
        asyncio.create_task(running.write(items), name="writes a stream of records"),
        asyncio.create_task(running.read(), name="reads a stream of answers"),
    )
    try:
        async for scored in running.results():
            yield scored
        # All is answered; the router ends the call now, and its log need not say it was cancelled.
        await asyncio.wait(tasks, timeout=_LAST_WORD_SECONDS)
    finally:
        for task in tasks:
            task.cancel()
        call.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Exchange(Generic[Item]):
    """The two directions of the call, and the queue between them that holds the order."""

    def __init__(
        self, call: Any, request: Callable[[Item], ScoreRequest], in_flight: int, target: str
    ) -> None:
        self._call = call
        self._status = CallStatus(call)
        self._request = request
        self._target = target
        self._free = asyncio.Semaphore(in_flight)
        self._in_order: asyncio.Queue[_Pending[Item] | BaseException | None] = asyncio.Queue()
        self._numbers = itertools.count()
        self._by_id: dict[str, _Pending[Item]] = {}
        self._all_sent = False
        self._broken: Exception | None = None

    async def write(self, items: AsyncIterable[Item]) -> None:
        """Send the items; at their end, or at their failure, tell the reader of results."""
        try:
            async for item in items:
                await self._free.acquire()
                if not await self._send(item):
                    return
        except Exception as error:
            self._in_order.put_nowait(error)
            return
        self._all_sent = True
        if await self._done(self._call.done_writing()):
            self._in_order.put_nowait(None)

    async def _done(self, step: Awaitable[object]) -> bool:
        """Take a step of writing; False: the call is over, and `read` knows why.

        gRPC has many exceptions for that, some of them private.
        """
        try:
            await step
        except Exception:
            return False
        return True

    async def _send(self, item: Item) -> bool:
        """Send one; False: nothing more can be sent, and its own outcome says why."""
        pending = _Pending[Item](item, asyncio.get_running_loop().create_future())
        self._in_order.put_nowait(pending)
        number = str(next(self._numbers))
        try:
            message = ScoreStreamRequest(id=number, request=self._request(item))
        except InvalidRecord as error:
            pending.outcome.set_result(error)
            return True
        except Exception as error:
            # Whoever waits for the outcome must hear of it, whatever it is.
            self._broken = error
            pending.outcome.set_result(error)
            return False
        self._by_id[number] = pending
        return await self._done(self._call.write(message))

    async def read(self) -> None:
        """Settle what the answers belong to; when the call breaks, everything that waits."""
        try:
            async for response in self._call:
                self._settle(response)
        except grpc.aio.AioRpcError as error:
            ended = self._status.error(error)
            self._break(error_from_call(ended, self._target, InvalidRecord))
        except Exception as error:  # an answer that makes no sense
            self._break(error)
        else:
            if self._by_id or not self._all_sent:
                self._break(
                    Unavailable(f"{self._target} ended the stream early; send the rest again")
                )

    def _break(self, error: Exception) -> None:
        self._broken = error
        self._in_order.put_nowait(error)
        for pending in self._by_id.values():
            pending.outcome.set_result(error)

    def _settle(self, response: ScoreStreamResponse) -> None:
        pending = self._by_id.get(response.id)
        if pending is None:
            raise Internal(f"{self._target} answered what was not asked ({response.id!r})")
        outcome: Answers | HedgerowError
        if response.HasField("error"):
            outcome = error_from_stream(response.error, self._target)
        else:
            outcome = Answers(response.response.decision)
        del self._by_id[response.id]
        pending.outcome.set_result(outcome)

    async def results(self) -> AsyncIterator[Scored[Item]]:
        """Yield what was asked with its outcome, in the order in which it was asked."""
        while (entry := await self._in_order.get()) is not None:
            if isinstance(entry, BaseException):
                raise entry
            outcome = await entry.outcome
            if isinstance(outcome, Exception) and (
                outcome is self._broken or not isinstance(outcome, HedgerowError)
            ):
                raise outcome
            self._free.release()
            yield Scored(entry.records, outcome)
