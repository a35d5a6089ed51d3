"""Records that flow, numbered, into streams; each score that comes out is counted.

Runs in a pod. Into each stream records come in both ways: by XADD from a Redis client that knows no
hedgerow, and by a router. It ends in order: told to stop, it sends no more, waits for what is still on its
way and writes to /out/flow.json what came of all.
"""

from __future__ import annotations

import asyncio
import csv
import itertools
import json
import os
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hedgerow import AsyncClient
from hedgerow.errors import HedgerowError

DATA_TYPES = ("wine", "cellar")
KEYS = 5
_PAUSE_SECONDS = 0.05
"""Between two records of a producer: some 80 a second in all."""
_PATIENCE_SECONDS = 30.0
"""For what is on its way when no more is sent."""

_OUT = Path("/out/flow.json")
_RECORDS = Path("/app/examples/wine/records.csv")


class Flow:
    """One data type's stream, from both ends."""

    def __init__(self, data_type: str, client: AsyncClient, redis: Any) -> None:
        self._data_type = data_type
        self._client = client
        self._redis = redis
        self._sent: set[str] = set()
        self._scored: Counter[str] = Counter()
        self._last: dict[str, int] = {}
        self._disorder: list[str] = []
        self._came = asyncio.Event()
        with _RECORDS.open() as file:
            self._records = list(csv.DictReader(file))

    async def run(self, stop: asyncio.Event) -> dict[str, Any]:
        """Let records flow until it is told to stop; return what came of them."""
        counting = asyncio.create_task(self._count())
        await asyncio.gather(
            self._produce("x", self._xadd, stop), self._produce("c", self._send, stop)
        )
        with suppress(TimeoutError):  # whoever reads what is told sees what is missing
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._all_scored()
        await asyncio.sleep(1)  # for a second score, if there were one
        counting.cancel()
        return {
            **self.told(),
            "dead": [d.message async for d in self._client.dead_letters(self._data_type)],
        }

    def told(self) -> dict[str, Any]:
        """Return what came of them by now."""
        return {
            "sent": len(self._sent),
            "scored": sum(self._scored.values()),
            "missing": sorted(self._sent - self._scored.keys())[:10],
            "twice": [one for one, count in self._scored.items() if count > 1][:10],
            "disorder": self._disorder[:10],
        }

    async def _produce(self, name: str, send: Any, stop: asyncio.Event) -> None:
        """Send numbered records; what failed is sent again, with the same id."""
        for number in itertools.count():
            if stop.is_set():
                return
            record = self._records[number % len(self._records)]
            record_id, key = f"{name}-{number}", f"{name}{number % KEYS}"
            self._sent.add(record_id)
            while True:
                try:
                    await send(record, record_id, key)
                    break
                except (HedgerowError, RedisError, OSError):
                    await asyncio.sleep(0.2)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _xadd(self, record: dict[str, str], record_id: str, key: str) -> None:
        stream = f"hedgerow:{{{self._data_type}}}:records"
        await self._redis.xadd(stream, {**record, "id": record_id, "key": key})

    async def _send(self, record: dict[str, str], record_id: str, key: str) -> None:
        numbers = {name: float(value) for name, value in record.items()}
        await self._client.send(self._data_type, numbers, ids=[record_id], keys=[key])

    async def _all_scored(self) -> None:
        while not self._sent <= self._scored.keys():
            self._came.clear()
            await self._came.wait()

    async def _count(self) -> None:
        """Count, for ever; while the log is away for longer than the client waits, again and again."""
        positions: dict[str, str] = {}
        while True:
            scores = self._client.scores(self._data_type, "0", positions=positions)
            try:
                async for score in scores:
                    self._note(score.id, score.key)
            except HedgerowError:
                positions = scores.positions
                await asyncio.sleep(0.5)

    def _note(self, record_id: str, key: str) -> None:
        self._scored[record_id] += 1
        self._came.set()
        number = int(record_id.partition("-")[2])
        if number <= self._last.get(key, -1):
            self._disorder.append(f"{key}: {number} after {self._last[key]}")
        self._last[key] = number


async def _main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with (
        AsyncClient(os.environ["TARGET"]) as client,
        Redis(
            host=os.environ["LOG_HOST"],
            password=os.environ["LOG_PASSWORD"],
            protocol=2,
            socket_timeout=2,  # of a pod that is gone nobody says that it is
        ) as redis,
    ):
        flows = {data_type: Flow(data_type, client, redis) for data_type in DATA_TYPES}
        running = [asyncio.create_task(flow.run(stop)) for flow in flows.values()]
        while not stop.is_set() and not any(task.done() for task in running):
            _write({data_type: flow.told() for data_type, flow in flows.items()})
            await asyncio.sleep(0.2)
        _write(dict(zip(flows, await asyncio.gather(*running), strict=True)))


def _write(told: dict[str, Any]) -> None:
    """Write it, whole or not at all."""
    new = _OUT.with_name("new")
    new.write_text(json.dumps(told))
    new.rename(_OUT)


if __name__ == "__main__":
    asyncio.run(_main())
