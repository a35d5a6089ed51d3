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

    async def run(self) -> AsyncIterator[Response]:
        """Yield answers until the requests have ended and all are answered."""
        reader = asyncio.create_task(self._read(), name="reads a stream of requests")
        try:
            while (answer := await self._answers.get()) is not None:
                if isinstance(answer, BaseException):
                    raise answer
                yield answer
                self._free.release()
        finally:
            for task in (reader, *self._running):
                task.cancel()

    async def _read(self) -> None:
        try:
            async for request in self._requests:
                await self._free.acquire()
                task = asyncio.create_task(self._answer_one(request), name="answers a request")
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            await asyncio.gather(*self._running)
        except Exception as error:
            self._answers.put_nowait(error)
        self._answers.put_nowait(None)

    async def _answer_one(self, request: Request) -> None:
        try:
            self._answers.put_nowait(await self._answer(request))
        except Exception as error:
            self._answers.put_nowait(error)
