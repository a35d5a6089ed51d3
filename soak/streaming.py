"""Records through streams, beside the calls: each has a number of its own, and must come out once.

The producer has a Redis client and no ids, so that no window hides what comes out twice. When the log was
away it looks what has arrived there of what it sent, and sends the rest again.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from hedgerow.v1.streams_pb2 import DeadLetter, Score
from soak.models import NUMBERS, ORDERED
from soak.plans import PARTITIONS

_KEYS = 50
_AT_ONCE = 20
_AGAIN_SECONDS = 0.2
_TAIL = 5000
"""Entries of a stream in which the producer looks for what it sent last."""
_RECENT = 1000
"""Records of a stream that a log which is killed may lose at the most, though it had taken them: while
Redis waits for the disk it holds back what it writes there, for up to two seconds."""
_OUT_SECONDS = 60.0


@dataclass
class StreamSeen:
    """What came of the records of a data type."""

    data_type: str
    sent: int = 0
    scored: int = 0
    dead: int = 0
    twice: int = 0
    missing: int = 0
    disordered: int = 0
    """Of those of one key: scored before one that was sent earlier; -1: their order does not count."""
    longest: float = 0.0
    """Seconds from when a record was appended to its score."""

    def problems(self) -> Iterator[str]:
        """Yield what must not be."""
        for what in ("twice", "missing", "disordered"):
            if (count := getattr(self, what)) > 0:
                yield f"{count} records of {self.data_type} {what}"


class Stream:
    """The records of one data type."""

    def __init__(self, redis: Any, data_type: str, partitions: int, rate: float) -> None:
        self._redis = redis
        self._rate = rate
        self._streams = [data_type]
        if partitions > 1:
            self._streams = [f"{data_type}/{number}" for number in range(partitions)]
        self._sent: list[list[int]] = [[] for _ in self._streams]
        self.seen = StreamSeen(data_type, disordered=-1 if partitions == 1 else 0)

    async def run(self) -> None:
        """Send records until cancelled."""
        begun = time.monotonic()
        while True:
            due = int(self._rate * (time.monotonic() - begun)) - self.seen.sent
            if due > 0:
                first = self.seen.sent + 1
                await asyncio.shield(self._send(range(first, first + min(due, _AT_ONCE))))
            else:
                await asyncio.sleep(0.5 / self._rate)

    async def _send(self, numbers: range) -> None:
        self.seen.sent = numbers[-1]
        left = list(numbers)
        while left:
            try:
                await self._append(left)
                return
            except (RedisError, OSError):
                await asyncio.sleep(_AGAIN_SECONDS)
                left = await self._not_arrived(left)

    async def _append(self, numbers: list[int]) -> None:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for number in numbers:
                place = self._place(number)
                fields = {"a": number, "b": 0, "key": _key(number)}
                pipeline.xadd(f"hedgerow:{{{self._streams[place]}}}:records", fields)
            await pipeline.execute()
        for number in numbers:
            self._sent[self._place(number)].append(number)

    def _place(self, number: int) -> int:
        return crc32(_key(number).encode()) % len(self._streams)

    async def _not_arrived(self, numbers: list[int]) -> list[int]:
        """Return what is to be sent: of these, and of those before that a log which was killed has lost."""
        while True:
            try:
                left: list[int] = []
                for place, tag in enumerate(self._streams):
                    tail = await self._redis.xrevrange(f"hedgerow:{{{tag}}}:records", count=_TAIL)
                    there = {int(fields[b"a"]) for _, fields in tail}
                    ours = [number for number in numbers if self._place(number) == place]
                    left += {*ours, *self._sent[place][-_RECENT:]} - there
                return sorted(left)
            except (RedisError, OSError):
                await asyncio.sleep(_AGAIN_SECONDS)

    async def finish(self) -> None:
        """Wait until all are out, or for long, and count them."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_OUT_SECONDS):
                await self._until_out()
        await self._count()

    async def _until_out(self) -> None:
        while await self._out() < self.seen.sent:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _out(self) -> int:
        kinds = ("scores", "dead")
        names = [f"hedgerow:{{{tag}}}:{kind}" for tag in self._streams for kind in kinds]
        return sum([await self._redis.xlen(name) for name in names])

    async def _count(self) -> None:
        seen, came = self.seen, Counter[int]()
        for tag in self._streams:
            last: dict[str, int] = {}
            async for fields in self._entries(f"hedgerow:{{{tag}}}:scores"):
                score = Score.FromString(fields[b"score"])
                number = int(score.number)  # a version adds less than 1
                came[number] += 1
                seen.scored += 1
                seen.longest = max(seen.longest, score.elapsed.ToTimedelta().total_seconds())
                if seen.disordered >= 0:
                    seen.disordered += number < last.get(score.key, 0)
                    last[score.key] = max(number, last.get(score.key, 0))
            async for fields in self._entries(f"hedgerow:{{{tag}}}:dead"):
                letter = DeadLetter.FromString(fields[b"letter"])
                came[int(letter.plain.fields["a"])] += 1
                seen.dead += 1
        seen.twice = sum(times > 1 for times in came.values())
        seen.missing = len(set(range(1, seen.sent + 1)) - came.keys())

    async def _entries(self, stream: str) -> AsyncIterator[dict[bytes, bytes]]:
        after = "-"
        while found := await self._redis.xrange(stream, after, count=1000):
            for _, fields in found:
                yield fields
            after = f"({found[-1][0].decode()}"


def _key(number: int) -> str:
    return f"k{number % _KEYS}"


class Streaming:
    """Both: of `numbers` any router reads any record, of `ordered` a key's records keep their order."""

    def __init__(self, port: int, rate: float) -> None:
        # Nothing is sent twice behind our back, nor given up while the log stands still: it may still come.
        self._redis = Redis(port=port, protocol=2, socket_timeout=None, retry=Retry(NoBackoff(), 0))
        half = rate / 2
        self.streams = [
            Stream(self._redis, NUMBERS, 1, half),
            Stream(self._redis, ORDERED, PARTITIONS, half),
        ]

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Send until the block is left, then wait until all are out."""
        runs = [asyncio.create_task(stream.run(), name="sends records") for stream in self.streams]
        try:
            yield
        finally:
            for run in runs:
                run.cancel()
            await asyncio.gather(*runs, return_exceptions=True)
            for stream in self.streams:
                await stream.finish()
            await self._redis.aclose()
