"""Reads scores, over ReadScores calls that may break: none is missed, and none comes twice."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Any, Self

import grpc

from hedgerow.client.patience import Patience
from hedgerow.client.statuses import error_from_call
from hedgerow.client.stream_call import OF_A_BREAK
from hedgerow.data.stream_scores import StreamScore
from hedgerow.errors import HedgerowError, InvalidInput, Unavailable
from hedgerow.v1.streams_pb2 import ReadScoresRequest, ReadScoresResponse

NOW, OLDEST = "", "0"
"""Where to begin: with what comes from now on, with the oldest score there is."""


def read_request(
    data_type: str, start: str | datetime, follow: bool, positions: Mapping[str, str] | None
) -> ReadScoresRequest:
    """Return the request of a first call. Raises InvalidInput for a moment without a time zone."""
    if isinstance(start, datetime):
        if start.tzinfo is None:
            raise InvalidInput(f"{start} is no moment without a time zone; give one with tzinfo")
        start = str(max(int(start.timestamp() * 1000), 0))
    begin: dict[str, Any] = {"from": start}  # a word of Python's own
    return ReadScoresRequest(data_type=data_type, follow=follow, positions=positions or {}, **begin)


class ScoreReader:
    """Reads what is asked for by `request`, each call from where the one before it was."""

    def __init__(
        self, open_call: Callable[[ReadScoresRequest], Any], request: ReadScoresRequest, target: str
    ) -> None:
        self._open_call = open_call
        self._request = request
        self._target = target
        self._patience = Patience()
        self.beginning: dict[str, str] = dict(request.positions)
        """By partition: after which id the reading began."""
        self._batches = self._read()
        self._running: Any = None
        self._reading = asyncio.Lock()
        self._is_closed = False

    async def next(self) -> list[StreamScore] | None:
        """Read the scores of the next response; None: there are no more, or the reading was ended.

        Raises NotFound, InvalidInput, and Unavailable as soon as there is no hope for another call. Whoever
        asks again after an error, a time that was over or Ctrl-C is given what comes next, as if it had not
        been. Several may ask at a time: each is given something else.
        """
        async with self._reading:
            try:
                return await anext(self._batches, None)
            except BaseException:
                # A generator that raised is at its end, which is not that of the scores.
                self._patience = Patience()
                self._batches = self._read()
                raise

    async def aclose(self) -> None:
        """End the reading, wherever it is waited for."""
        self._is_closed = True
        if self._running is not None:
            self._running.cancel()
        if not self._reading.locked():
            await self._batches.aclose()

    async def _read(self) -> AsyncGenerator[list[StreamScore], None]:
        while not self._is_closed:
            try:
                with self._patience.attempt():
                    async with aclosing(self._call()) as batches:
                        async for scores in batches:
                            yield scores
                broken: HedgerowError = Unavailable(f"{self._target} ended the scores")
            except _Broken as breaking:
                broken = breaking.error
            else:
                if not self._request.follow:
                    return
            if not self._is_closed and not await self._patience.bear():
                raise broken

    async def _call(self) -> AsyncGenerator[list[StreamScore], None]:
        self._running = call = self._open_call(self._request)
        try:
            async for response in call:
                self._note(response)
                if response.scores:
                    yield [StreamScore.from_proto(score) for score in response.scores]
        except grpc.aio.AioRpcError as raised:
            error = error_from_call(raised, self._target)
            if raised.code() in OF_A_BREAK:
                raise _Broken(error) from raised
            raise error from raised
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise _Broken(Unavailable(f"the client of {self._target} was closed")) from None
        finally:
            call.cancel()

    def _note(self, response: ReadScoresResponse) -> None:
        """Note where the next call is to go on."""
        for partition, position in response.positions.items():
            self.beginning.setdefault(partition, position)
            if partition not in self._request.positions:
                self._request.positions[partition] = position
        for score in response.scores:
            self._request.positions[score.partition] = score.position
        if response.positions and not getattr(self._request, "from"):
            # Partitions that are not among them will be new, and all of their scores are.
            setattr(self._request, "from", OLDEST)
        if response.scores:
            self._patience.rewarded()
        else:
            self._patience.encouraged()


class _Broken(Exception):
    """A call ended, and another one may go on."""

    def __init__(self, error: HedgerowError) -> None:
        super().__init__(str(error))
        self.error = error


class HandedOut:
    """Scores that were read, and how far they have been handed out."""

    def __init__(self, reader: ScoreReader) -> None:
        self._reader = reader
        self._waiting: deque[StreamScore] = deque()
        self._positions: dict[str, str] = {}

    @property
    def positions(self) -> dict[str, str]:
        """By partition: the position of the last score that was handed out, else that of the beginning.

        `scores(..., positions=...)` goes on from there, in another process and at any time.
        """
        return {**self._reader.beginning, **self._positions}

    def add(self, scores: list[StreamScore]) -> None:
        """Take what was read."""
        self._waiting.extend(scores)

    def next(self) -> StreamScore | None:
        """Hand out the next score; None: more must be read."""
        try:
            score = self._waiting.popleft()
        except IndexError:  # not looked up before: another thread may take it in between
            return None
        self._positions[score.partition] = score.position
        return score


class Scores:
    """The scores of a stream, to be read with `async for`. Nothing is read before it is asked for."""

    def __init__(self, reader: ScoreReader) -> None:
        self._reader = reader
        self._handed_out = HandedOut(reader)

    @property
    def positions(self) -> dict[str, str]:
        """By partition: the position of the last score that was given, to go on from after a restart."""
        return self._handed_out.positions

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> StreamScore:
        while (score := self._handed_out.next()) is None:
            if (batch := await self._reader.next()) is None:
                raise StopAsyncIteration
            self._handed_out.add(batch)
        return score

    async def aclose(self) -> None:
        """End the reading, also where another task waits for the next score."""
        await self._reader.aclose()
