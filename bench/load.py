"""Closed-loop load: n clients, each with its next request when the last is answered.

`run_load` starts it in a process of its own, the same for the mesh, the echo floor and the peers: requests
are encoded beforehand and sent in turn, answers are parsed and counted.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import cycle
from typing import Any

import grpc
import uvloop

from bench.measured import Measured, Tally
from bench.protocols import PROTOCOLS
from bench.workers import Message, serve, worker

CHANNEL_OPTIONS = (
    # Otherwise all channels of a process share one connection.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
)
_LAST_ANSWERS = 10.0
"""Seconds after the end in which requests in flight may still be answered; then they count as lost."""


@dataclass(frozen=True, slots=True)
class Load:
    """What to do."""

    address: str
    clients: int
    seconds: float
    rows: int = 1
    warm_up: float = 0.7
    """Seconds of load before the measured ones."""
    late_after: float | None = None
    """Seconds; answers that take longer are counted."""
    channels: int = 1
    protocol: str = "scoring"
    """Its name in `PROTOCOLS`."""


async def run_load(load: Load) -> Measured:
    """Run a load and return what was seen. Raises WorkerFailed."""
    async with worker("bench.load") as process:
        answer = await process.ask(asdict(load), load.warm_up + load.seconds + _LAST_ANSWERS)
    return Measured.from_json(answer)


class _Clients:
    """All clients of a load."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._protocol = PROTOCOLS[load.protocol]
        self._turn: Iterator[bytes] = cycle(self._protocol.requests(load.rows))
        self._tally = Tally(load.late_after or float("inf"))
        self._start = time.perf_counter() + load.warm_up
        self._stop = self._start + load.seconds

    async def run(self) -> Measured:
        load = self._load
        channels = [
            grpc.aio.insecure_channel(load.address, CHANNEL_OPTIONS) for _ in range(load.channels)
        ]
        clients = [
            asyncio.create_task(self._client(channels[i % load.channels]), name=f"client {i}")
            for i in range(load.clients)
        ]
        await self._end(clients)
        for channel in channels:
            await channel.close()
        return self._tally.measured(load.seconds)

    async def _client(self, channel: grpc.aio.Channel) -> None:
        score: grpc.aio.UnaryUnaryMultiCallable[bytes, Any] = channel.unary_unary(
            self._protocol.method, None, self._protocol.parse
        )
        clock = time.perf_counter
        begun = clock()
        while begun < self._stop:
            try:
                response = await score(next(self._turn))
            except grpc.aio.AioRpcError as error:
                self._tally.add_failure(error.code().name)
                begun = clock()
                continue
            ended = clock()
            if self._start <= ended < self._stop:
                self._protocol.count(self._tally, begun, ended, response)
            begun = ended

    async def _end(self, clients: list[asyncio.Task[None]]) -> None:
        """Wait for all clients; one whose request is never answered is a failure too."""
        patience = self._stop - time.perf_counter() + _LAST_ANSWERS
        done, stuck = await asyncio.wait(clients, timeout=patience)
        for client in stuck:
            client.cancel()
            self._tally.add_failure("never answered")
        for client in done:
            client.result()


def _answer(question: Message) -> Message:
    async def run() -> Measured:
        return await _Clients(Load(**question)).run()

    return uvloop.run(run()).to_json()


if __name__ == "__main__":
    serve(_answer)
