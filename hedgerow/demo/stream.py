"""Scene 5: records in a stream, a new version in the middle of it, and as many scores as records."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median

from hedgerow.data.stream_scores import StreamScore
from hedgerow.demo.examples import DATA_TYPE
from hedgerow.demo.flow import Flow, draw
from hedgerow.demo.session import Session, wait_until
from hedgerow.demo.stage import Stage
from hedgerow.demo.tables import milliseconds

TITLE = "A stream of records"
SENTENCE = (
    "Nobody waits for an answer now: records go into a stream of the log, and their scores come out of"
    " another one. In the middle of it a new version of wine-net is pushed."
)
_MODEL = "wine-net"
_OLD, _NEW = f"{_MODEL}@1", f"{_MODEL}@2"
_TOGETHER = 4
_PERIOD_SECONDS = 0.02
_BEFORE_SECONDS = 1.0
_AFTER_SECONDS = 1.0


async def play(session: Session, stage: Stage) -> None:
    """Send records, push a version meanwhile, and count what came out."""
    await session.apply("stream.yaml")
    stream = _Stream(session)
    with stage.working("sending records into the stream, and pushing a new version"):
        async with stream.flowing():
            await asyncio.sleep(_BEFORE_SECONDS)
            pushed = stream.flow.now()
            await session.push(session.examples.update_of(_MODEL))
            await wait_until(lambda: stream.flow.has_lately(_NEW), f"{_NEW} scores")
            await asyncio.sleep(_AFTER_SECONDS)
    draw(stage, stream.flow, pushed, "pushed", (_OLD, _NEW))
    _say(stage, stream, pushed)
    await _check(stage, stream)


class _Stream:
    """What went in and what came out, by the records' ids."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.flow = Flow()
        self.sent: list[str] = []
        self.scores: list[StreamScore] = []

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Send and read until the block is left; then all that was sent has a score."""
        stop = asyncio.Event()
        reading = asyncio.create_task(self._read(), name="reads scores")
        sending = asyncio.create_task(self._send(stop), name="sends records")
        try:
            yield
            stop.set()
            await sending
            await wait_until(self._is_over, "each record has a score")
        finally:
            for task in (sending, reading):
                task.cancel()
            await asyncio.gather(sending, reading, return_exceptions=True)

    async def _send(self, stop: asyncio.Event) -> None:
        records = self._session.examples.records
        next_one = self.flow.now()
        while not stop.is_set():
            some = [records[(len(self.sent) + place) % len(records)] for place in range(_TOGETHER)]
            self.sent += await self._session.client.send(DATA_TYPE, some)
            next_one += _PERIOD_SECONDS
            await asyncio.sleep(max(0.0, next_one - self.flow.now()))

    async def _read(self) -> None:
        async for score in self._session.client.scores(DATA_TYPE, "0"):
            self.scores.append(score)
            self.flow.answers.append((self.flow.now(), score.answered_by))

    async def _is_over(self) -> bool:
        return len(self.scores) >= len(self.sent)

    async def dead(self) -> int:
        """Return how many records could not be scored."""
        return sum([part.dead_letters for part in await self._session.client.streams(DATA_TYPE)])


def _say(stage: Stage, stream: _Stream, pushed: float) -> None:
    took = median(score.elapsed.total_seconds() for score in stream.scores)
    first = stream.flow.moments(_NEW)[0] - pushed
    stage.say(
        f"  {len(stream.sent):,} records went in and {len(stream.scores):,} scores came out,"
        f" {milliseconds(took)} ms later in the median. {_NEW} took over {first:.1f} s"
        f" after the push. The longest gap between two scores: {milliseconds(stream.flow.longest_gap)} ms."
    )


async def _check(stage: Stage, stream: _Stream) -> None:
    came = Counter(score.id for score in stream.scores)
    stage.check(
        came == Counter(stream.sent) and not await stream.dead(),
        "each record that went in has one score, and none is a dead letter",
        f"{len(stream.sent)} records, {len(came)} with a score, {came.total()} scores",
    )
    by = [score.answered_by for score in stream.scores]
    stage.check(
        by[0] == _OLD and by[-1] == _NEW and set(by) == {_OLD, _NEW},
        f"{_OLD} scored first, {_NEW} last, and nobody else",
        f"{by[0]} came first, {by[-1]} last, {sorted(set(by))} in all",
    )
