"""Answers the requests of one stream side by side, in the order in which answers come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Generic, TypeVar

Request = TypeVar("Request")
Response = TypeVar("Response")


class ConcurrentAnswers(Generic[Request, Response]):
    """Reads requests, no more than `at_once` ahead of their answers.

    So a caller that does not read is slowed down by flow control, and memory stays bounded.
    """

    def __init__(
        self,
        requests: AsyncIterator[Request],
        answer: Callable[[Request], Awaitable[Response]],
        at_once: int,
    ) -> None:
        self._requests = requests
        self._answer = answer
        self._free = asyncio.Semaphore(at_once)
        self._answers: asyncio.Queue[Response | BaseException | None] = asyncio.Queue()
        self._running: set[asyncio.Task[None]] = set()
        self._intake: asyncio.Task[None] | None = None
        self.ended_here = False
        """The requests did not end by themselves: `end_intake` was called."""

    def end_intake(self) -> None:
        """Take no more requests; `run` ends when those that were taken are answered.

        A request that is not taken by now is never answered, and nothing was done for it.
        """
        self.ended_here = True
        if self._intake is not None:
            self._intake.cancel()

    async def run(self) -> AsyncIterator[Response]:
        """Yield answers until the requests have ended and all are answered."""
        self._intake = asyncio.create_task(self._take_in(), name="reads a stream of requests")
        finish = asyncio.create_task(self._finish(self._intake), name="ends a stream of answers")
        if self.ended_here:
            self._intake.cancel()
        try:
            while (answer := await self._answers.get()) is not None:
                if isinstance(answer, BaseException):
                    raise answer
                yield answer
                self._free.release()
        finally:
            for task in (finish, self._intake, *self._running):
                task.cancel()

    async def _take_in(self) -> None:
        try:
            async for request in self._requests:
                await self._free.acquire()
                task = asyncio.create_task(self._answer_one(request), name="answers a request")
                self._running.add(task)
                task.add_done_callback(self._running.discard)
        except Exception as error:
            self._answers.put_nowait(error)

    async def _finish(self, intake: asyncio.Task[None]) -> None:
        await asyncio.wait({intake})
        await asyncio.gather(*self._running)
        self._answers.put_nowait(None)

    async def _answer_one(self, request: Request) -> None:
        try:
            self._answers.put_nowait(await self._answer(request))
        except Exception as error:
            self._answers.put_nowait(error)
