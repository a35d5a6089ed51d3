"""Open-loop load: a request every so often, whether or not others have been answered.

`run_open_loop` starts it in a process of its own. Beyond what a mesh can do this is what overload is; a
closed loop only waits longer. The process runs at a higher priority than the mesh does, which is started
with a lower one, as if it were another machine: else what is measured is how the load itself is held up.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import asdict, dataclass
from itertools import cycle
from typing import Any, Self

import grpc
import numpy as np
import uvloop

from bench.load import CHANNEL_OPTIONS
from bench.payload import requests
from bench.protocols.scoring import SCORE
from bench.workers import Message, serve, worker

_CHANNELS = 4
_GRACE = 1.1
"""Times the deadline within which an answer must be at the caller to count as good."""


@dataclass(frozen=True, slots=True)
class OpenLoad:
    """What to do."""

    address: str
    rate: float
    """Requests a second."""
    seconds: float
    rows: int
    deadline: float
    """Seconds, of each request."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What became of it. Times are milliseconds at the caller."""

    sent: float
    """A second; less than the rate if the load itself was held up."""
    good: float
    """Answers a second that came in time."""
    last_good: float
    """The same of the second half, when things have settled."""
    p50: float
    """Of answers."""
    p99: float
    """Of answers."""
    refused_p50: float
    """Of refusals with RESOURCE_EXHAUSTED; 0 if there was none."""
    codes: dict[str, int]

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Return what was said as JSON."""
        return cls(**values)


async def run_open_loop(load: OpenLoad) -> Offered:
    """Run a load and return what was seen. Raises WorkerFailed."""
    async with worker("bench.open_loop") as process:
        return Offered.from_json(await process.ask(asdict(load), load.seconds))


class _Sender:
    def __init__(self, load: OpenLoad) -> None:
        self._load = load
        self._turn = cycle(requests(load.rows))
        self._codes: Counter[str] = Counter()
        self._answers: list[tuple[float, float]] = []
        self._refusals: list[float] = []

    async def run(self) -> Offered:
        load = self._load
        channels = [
            grpc.aio.insecure_channel(load.address, CHANNEL_OPTIONS) for _ in range(_CHANNELS)
        ]
        methods: cycle[Any] = cycle([channel.unary_unary(SCORE) for channel in channels])
        for channel in channels:
            await channel.channel_ready()
        running: set[asyncio.Task[None]] = set()
        self._start = time.perf_counter()
        sent = 0
        while (passed := time.perf_counter() - self._start) < load.seconds:
            while sent < load.rate * passed:
                task = asyncio.create_task(self._send(next(methods), next(self._turn)))
                running.add(task)
                task.add_done_callback(running.discard)
                sent += 1
            await asyncio.sleep(0.001)
        await asyncio.gather(*running)
        for channel in channels:
            await channel.close()
        return self._offered(sent)

    async def _send(self, score: Any, request: bytes) -> None:
        begun = time.perf_counter()
        try:
            await score(request, timeout=self._load.deadline)
        except grpc.aio.AioRpcError as error:
            self._codes[error.code().name] += 1
            if error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED:
                self._refusals.append(time.perf_counter() - begun)
            return
        self._codes["OK"] += 1
        self._answers.append((begun - self._start, time.perf_counter() - begun))

    def _offered(self, sent: int) -> Offered:
        seconds, bound = self._load.seconds, self._load.deadline * _GRACE
        good = [begun for begun, took in self._answers if took <= bound]
        took = [took for _, took in self._answers] or [0.0]
        return Offered(
            sent=sent / seconds,
            good=len(good) / seconds,
            last_good=sum([begun >= seconds / 2 for begun in good]) / (seconds / 2),
            p50=float(np.percentile(took, 50)) * 1e3,
            p99=float(np.percentile(took, 99)) * 1e3,
            refused_p50=float(np.percentile(self._refusals or [0.0], 50)) * 1e3,
            codes=dict(self._codes),
        )


def _answer(question: Message) -> Message:
    return asdict(uvloop.run(_Sender(OpenLoad(**question)).run()))


if __name__ == "__main__":
    serve(_answer)
