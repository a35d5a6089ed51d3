"""The ScoreStream calls that are open, each of which ends in order: at its age, or when the router stops.

gRPC ends a connection that has reached its age in two steps: it asks the client to use another one, and
cuts off what is still open there when a grace is over. grpc.aio does not tell a handler of the first step.
So no stream may last as long as the grace; then none is there to be cut off, whenever its connection
began. A stream ends by taking no more requests, answering those that it took, and UNAVAILABLE: what has
no answer by then was never begun, and its caller sends it again on another call, to another router.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from hedgerow.errors import Unavailable
from services.router.calls.concurrent_answers import ConcurrentAnswers

_INTAKE_SHARE = (0.5, 0.75)
"""Of the grace, how long a stream takes requests, at random: the rest is for their answers, and streams
that were opened together do not come back together."""

Response = TypeVar("Response")


class OpenStreams:
    """Runs streams. `grace` is that of connections, in seconds; None: streams have no age."""

    def __init__(self, grace: float | None = None) -> None:
        self._grace = grace
        self._open: set[ConcurrentAnswers[Any, Any]] = set()
        self._stopping = False

    async def run(self, answers: ConcurrentAnswers[Any, Response]) -> AsyncIterator[Response]:
        """Yield the answers of a stream. Raises Unavailable where it was not the caller who ended it."""
        if self._stopping:
            answers.end_intake()
        with self._opened(answers):
            async for response in answers.run():
                yield response
        if answers.ended_here:
            raise Unavailable(
                "the router is stopping; open the stream on another one"
                if self._stopping
                else "the stream has reached its age; open another one"
            )

    @contextmanager
    def _opened(self, answers: ConcurrentAnswers[Any, Any]) -> Iterator[None]:
        self._open.add(answers)
        timer = None
        if self._grace is not None:
            age = self._grace * random.uniform(*_INTAKE_SHARE)
            timer = asyncio.get_running_loop().call_later(age, answers.end_intake)
        try:
            yield
        finally:
            self._open.discard(answers)
            if timer is not None:
                timer.cancel()

    async def end(self) -> None:
        """Have all streams, and those to come, take no more requests.

        When it returns the answers of those that were taken are under way, so that they are admitted
        by a router that admits nothing from then on.
        """
        self._stopping = True
        for answers in self._open:
            answers.end_intake()
        await asyncio.sleep(0)  # the tasks that were made before run up to their first wait
