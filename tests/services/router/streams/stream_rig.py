"""A router's streams of records between a real log, hosts and a collector, all in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

from hedgerow.v1.streams_pb2 import DeadLetter, Score
from services.common.log import Log
from services.common.telemetry import Tracing
from services.router.streams.flow.flow import Terms
from services.router.streams.record_streams import Pacing, RecordStreams
from tests.cluster import any_client
from tests.services.router.rig import Rig, rigged
from tests.support import wait_until

RECORDS, SCORES, DEAD = (f"hedgerow:{{wine}}:{kind}" for kind in ("records", "scores", "dead"))
REDELIVERY = timedelta(seconds=1)


class StreamRig:
    """The rig, a producer and consumer, and any number of routers' streams on the same core."""

    def __init__(self, rig: Rig, log: Log, redis: Any, stack: AsyncExitStack) -> None:
        self.rig = rig
        self.log = log
        self.redis = redis
        self._stack = stack
        self._addresses: list[str] = []
        self._routers: list[RecordStreams] = []

    async def router(self, rows: int = 256) -> RecordStreams:
        """Start what reads streams; all that were started know of each other."""
        address = f"router-{len(self._addresses)}"
        terms = Terms(f"consumer-{len(self._addresses)}", REDELIVERY)
        streams = RecordStreams(
            self.log.streams,
            self.rig.core._plans,
            self.rig._catalog,
            self.rig.core,
            Tracing("router"),
            terms,
            Pacing(0.5, rows),
        )
        running = asyncio.create_task(streams.run(address))
        self._addresses.append(address)
        self._routers.append(streams)
        self._stack.push_async_callback(_end, streams, running)
        for router in self._routers:
            router.follow(frozenset(self._addresses))
        await wait_until(lambda: streams._address, "it runs")
        return streams

    def plan(self, yaml: str) -> None:
        """Put a plan into force; the streams hear of it."""
        self.rig.plan(yaml)
        for router in self._routers:
            router.changed()

    async def leave(self, router: RecordStreams) -> None:
        """Have a router stop, and the others hear of it."""
        place = self._routers.index(router)
        await router.stop()
        del self._routers[place], self._addresses[place]
        for other in self._routers:
            other.follow(frozenset(self._addresses))

    async def send(self, *values: object, stream: str = RECORDS, **fields: str) -> list[bytes]:
        """Append records as any Redis client would."""
        return [await self.redis.xadd(stream, {"ash": str(value), **fields}) for value in values]

    async def scores(self, count: int, stream: str = SCORES) -> list[Score]:
        """Return the scores once there are so many, and fail if there are more."""
        entries = await self._entries(stream, count)
        return [Score.FromString(fields[b"score"]) for _, fields in entries]

    async def letters(self, count: int, stream: str = DEAD) -> list[DeadLetter]:
        """Return the dead letters likewise."""
        entries = await self._entries(stream, count)
        return [DeadLetter.FromString(fields[b"letter"]) for _, fields in entries]

    async def _entries(self, stream: str, count: int) -> list[Any]:
        async def are_there() -> bool:
            found: int = await self.redis.xlen(stream)
            return found >= count

        await wait_until(are_there, f"there are {count} entries in {stream}", 20)
        entries: list[Any] = await self.redis.xrange(stream)
        assert len(entries) == count
        return entries

    async def pending(self, stream: str = RECORDS) -> int:
        """Return how many entries were read and not settled."""
        found = await self.redis.xpending(stream, "router")
        return int(found["pending"])


async def _end(streams: RecordStreams, running: asyncio.Task[None]) -> None:
    await streams.stop()
    await running


@asynccontextmanager
async def streaming(log_url: str, log: Log, **settings: Any) -> AsyncIterator[StreamRig]:
    """Run a core, without any router's streams yet."""
    async with (
        rigged(log_url, **settings) as rig,
        any_client(log_url) as redis,
        AsyncExitStack() as stack,
    ):
        yield StreamRig(rig, log, redis, stack)
