"""Numbered records in a data type's streams, and what has come of each of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any
from zlib import crc32

from redis.asyncio import Redis

from hedgerow.data.records import Batch
from hedgerow.v1.streams_pb2 import DeadLetter, Score
from tests.support import wait_until

_KEYS = 13
_AT_ONCE = 25
_BATCH_EVERY = 4
_SECONDS = 120.0
"""Processes that were killed come back meanwhile, on however slow a machine."""
_IN_FLIGHT = 1500
"""Records that have not come out: as many as routers have something to do with, whatever happens."""


class Numbered:
    """A producer and a consumer. Records have no ids, so no window hides what comes out twice."""

    def __init__(self, redis: Redis, data_type: str, partitions: int = 1) -> None:
        self._redis: Any = redis
        self._data_type = data_type
        self._partitions = partitions
        self.sent = 0
        self.may_send = asyncio.Lock()
        """Whoever holds it sends, or has a producer that waits."""

    @property
    def _tags(self) -> list[str]:
        numbered = [f"{self._data_type}/{number}" for number in range(self._partitions)]
        return [self._data_type, *(numbered if self._partitions > 1 else [])]

    async def send(self, count: int) -> None:
        """Append so many more, as fields and now and then as a batch, a few at a time."""
        until = self.sent + count
        while self.sent < until:
            await wait_until(self._has_room, "records come out", _SECONDS)
            async with self.may_send:
                numbers = range(self.sent, min(self.sent + _AT_ONCE, until))
                await self._append(numbers)
                self.sent = numbers.stop

    async def until_sent(self, count: int) -> None:
        """Wait until so many are sent."""
        await wait_until(lambda: self.sent >= count, f"{count} are sent", _SECONDS)

    async def _has_room(self) -> bool:
        return self.sent - await self.count() < _IN_FLIGHT

    async def _append(self, numbers: range) -> None:
        # The records of a batch have one key: it is in the partition of that.
        key = f"k{numbers.start // _AT_ONCE % _KEYS}"
        if numbers.start // _AT_ONCE % _BATCH_EVERY == 0:
            records = [{"a": float(number), "b": 0.0} for number in numbers]
            batch = Batch.from_records(self._data_type, records).to_proto().SerializeToString()
            await self._redis.xadd(self._stream(key), {"batch": batch, "key": key})
            return
        async with self._redis.pipeline(transaction=False) as pipeline:
            for number in numbers:
                key = f"k{number % _KEYS}"
                pipeline.xadd(self._stream(key), {"a": str(number), "b": "0", "key": key})
            await pipeline.execute()

    def _stream(self, key: str) -> str:
        number = crc32(key.encode()) % self._partitions
        tag = self._data_type if self._partitions == 1 else f"{self._data_type}/{number}"
        return f"hedgerow:{{{tag}}}:records"

    async def count(self) -> int:
        """Return how many have come out."""
        kinds = ("scores", "dead")
        names = [f"hedgerow:{{{tag}}}:{kind}" for tag in self._tags for kind in kinds]
        return sum([await self._redis.xlen(name) for name in names])

    async def until_out(self) -> None:
        """Wait until all are out, and nothing is being scored."""

        async def are_out() -> bool:
            return await self.count() >= self.sent and not await self.left()

        await wait_until(are_out, f"{self.sent} are out", _SECONDS)

    async def left(self) -> int:
        """Return how many entries wait or are pending."""
        found = 0
        for tag in self._tags:
            if await self._redis.exists(f"hedgerow:{{{tag}}}:records"):
                for group in await self._redis.xinfo_groups(f"hedgerow:{{{tag}}}:records"):
                    found += group["lag"] + group["pending"]
        return found

    async def scores(self) -> list[Score]:
        """Return all scores, partition by partition in their order."""
        found = []
        for tag in self._tags:
            entries = await self._redis.xrange(f"hedgerow:{{{tag}}}:scores")
            found += [Score.FromString(fields[b"score"]) for _, fields in entries]
        return found

    async def dead(self) -> list[DeadLetter]:
        """Return all dead letters."""
        found = []
        for tag in self._tags:
            entries = await self._redis.xrange(f"hedgerow:{{{tag}}}:dead")
            found += [DeadLetter.FromString(fields[b"letter"]) for _, fields in entries]
        return found

    async def is_whole(self, in_order: bool) -> list[DeadLetter]:
        """Fail unless each number has come out once, those of a key in their order; return the dead."""
        scores, dead = await self.scores(), await self.dead()
        came = Counter([int(score.number) for score in scores] + [number_of(one) for one in dead])
        twice = [number for number, times in came.items() if times > 1]
        assert not twice, f"{len(twice)} came out twice: {sorted(twice)[:20]}"
        missing = set(range(self.sent)) - came.keys()
        assert not missing, f"{len(missing)} are missing: {sorted(missing)[:20]}"
        assert came.keys() == set(range(self.sent))
        if in_order:
            for key in {score.key for score in scores}:
                numbers = [int(score.number) for score in scores if score.key == key]
                assert numbers == sorted(numbers), f"those of {key} are not in their order"
        return dead


def number_of(letter: DeadLetter) -> int:
    """Return which record a dead letter is about."""
    if letter.WhichOneof("record") == "plain":
        return int(letter.plain.fields["a"])
    return int(Batch.from_proto(letter.batch).numbers(["a"])[0, 0])
