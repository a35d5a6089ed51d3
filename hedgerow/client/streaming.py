"""A stream of records: pairs answers, which may come in any order, with what was asked, and keeps order.

It outlives its calls. A router ends a stream's call when it stops or the call has reached its age, and
routers are lost; then another call is opened, which another router may take, and what has no answer is
sent again on it, in order. Whoever sends sees to it that this is harmless, and an answer is taken once.
"""

from __future__ import annotations

import asyncio
import itertools
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from hedgerow.client.patience import Patience
from hedgerow.client.stream_call import CallEnd, StreamCall
from hedgerow.errors import HedgerowError, Internal, InvalidInput, InvalidRecord, Unavailable

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

_LAST_WORD_SECONDS = 1.0


class Talk(ABC, Generic[Item, Outcome]):
    """What is said in the calls of a stream."""

    @abstractmethod
    def message(self, number: str, item: Item) -> Any:
        """Return the message that asks for an item. Raises InvalidRecord for one that cannot be sent."""

    @abstractmethod
    def number(self, response: Any, waiting: Iterable[str]) -> str:
        """Return what is answered, of the numbers `waiting`, which are in the order of their asking."""

    @abstractmethod
    def outcome(self, response: Any) -> Outcome | HedgerowError:
        """Return what came of it."""


class Reply(NamedTuple, Generic[Item, Outcome]):
    """What was asked, and what came of it."""

    item: Item
    outcome: Outcome | HedgerowError


@dataclass(slots=True)
class _Pending(Generic[Item, Outcome]):
    """Something asked that has no answer yet."""

    item: Item
    outcome: asyncio.Future[Outcome | Exception]
    message: Any = None
    """As it was sent; it may have to be again."""


async def exchange(
    open_call: Callable[[], Any],
    items: AsyncIterable[Item],
    talk: Talk[Item, Outcome],
    in_flight: int,
    target: str,
) -> AsyncGenerator[Reply[Item, Outcome], None]:
    """Send every item over calls to `target` and yield it with what came of it, in order.

    At most `in_flight` of them are read from `items` before they are yielded.
    """
    if in_flight < 1:
        raise InvalidInput(f"in_flight is {in_flight}; nothing is sent unless it is at least 1")
    running = _Exchange(open_call, talk, in_flight, target)
    tasks = (
        asyncio.create_task(running.ask(items), name="reads a stream of records"),
        asyncio.create_task(running.converse(), name="reads a stream of answers"),
    )
    try:
        async for reply in running.results():
            yield reply
        # All is answered; the router ends the call now, and its log need not say it was cancelled.
        await asyncio.wait(tasks, timeout=_LAST_WORD_SECONDS)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Exchange(Generic[Item, Outcome]):
    """What was asked, in a queue that holds the order, and the calls it goes over, one at a time."""

    def __init__(
        self,
        open_call: Callable[[], Any],
        talk: Talk[Item, Outcome],
        in_flight: int,
        target: str,
    ) -> None:
        self._open_call = open_call
        self._talk = talk
        self._target = target
        self._free = asyncio.Semaphore(in_flight)
        self._in_order: asyncio.Queue[_Pending[Item, Outcome] | BaseException | None] = (
            asyncio.Queue()
        )
        self._numbers = itertools.count()
        self._by_id: dict[str, _Pending[Item, Outcome]] = {}
        self._call: StreamCall | None = None
        self._patience = Patience()
        self._wanted = asyncio.Event()
        """There is something to send, or nothing will be any more."""
        self._was_sent = False
        self._all_asked = False
        self._broken: Exception | None = None

    async def ask(self, items: AsyncIterable[Item]) -> None:
        """Ask for the items; at their end, or at their failure, tell the reader of results."""
        try:
            async for item in items:
                await self._free.acquire()
                self._ask(item)
        except Exception as error:
            self._in_order.put_nowait(error)
            return
        self._all_asked = True
        self._send(None)
        self._tell_if_complete()

    def _ask(self, item: Item) -> None:
        pending = _Pending[Item, Outcome](item, asyncio.get_running_loop().create_future())
        self._in_order.put_nowait(pending)
        number = str(next(self._numbers))
        try:
            pending.message = self._talk.message(number, item)
        except InvalidRecord as error:
            pending.outcome.set_result(error)
            return
        except Exception as error:
            # Whoever waits for the outcome must hear of it, whatever it is.
            self._broken = error
            pending.outcome.set_result(error)
            raise
        self._by_id[number] = pending
        self._was_sent = True
        self._send(pending.message)

    def _send(self, message: Any) -> None:
        self._wanted.set()
        if self._call is not None:
            self._call.send(message)

    async def converse(self) -> None:
        """Hold one call after the other until all is answered, or there is no use in another one."""
        try:
            end = await self._hold_call()
            while end.is_break and not self._is_complete and await self._may_go_on():
                if not self._is_complete:
                    end = await self._hold_call()
        except Exception as error:  # an answer that makes no sense, or a client that was closed
            self._break(error)
            return
        if self._is_complete and (self._was_sent or end.error is None):
            self._in_order.put_nowait(None)
        else:
            self._break(end.error or Unavailable(f"{self._target} ended the stream early"))

    async def _hold_call(self) -> CallEnd:
        """Open a call, send what has no answer and then what comes, and take the answers."""
        self._call = call = StreamCall(self._open_call(), self._target)
        for pending in self._by_id.values():
            call.send(pending.message)
        if self._all_asked:
            call.send(None)
        try:
            with self._patience.attempt():
                return await call.run(self._settle)
        finally:
            self._call = None

    async def _may_go_on(self) -> bool:
        """Wait until another call has a purpose; tell whether there is still hope for it."""
        if not self._by_id and not self._all_asked:
            self._wanted.clear()
            await self._wanted.wait()
        return self._is_complete or await self._patience.bear()

    @property
    def _is_complete(self) -> bool:
        return self._all_asked and not self._by_id

    def _break(self, error: Exception) -> None:
        self._broken = error
        self._in_order.put_nowait(error)
        for pending in self._by_id.values():
            pending.outcome.set_result(error)

    def _settle(self, response: Any) -> None:
        number = self._talk.number(response, self._by_id)
        pending = self._by_id.pop(number, None)
        if pending is None:
            raise Internal(f"{self._target} answered what was not asked ({number!r})")
        pending.outcome.set_result(self._talk.outcome(response))
        self._patience.rewarded()
        self._tell_if_complete()

    def _tell_if_complete(self) -> None:
        """End the results once all is answered; of a stream of nothing the call has to tell."""
        if self._is_complete and self._was_sent:
            self._in_order.put_nowait(None)

    async def results(self) -> AsyncIterator[Reply[Item, Outcome]]:
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
            yield Reply(entry.item, outcome)
