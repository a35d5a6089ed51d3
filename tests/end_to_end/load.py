"""Load that checks every answer."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from hedgerow import AsyncClient
from hedgerow.data.answers import Answers
from hedgerow.errors import HedgerowError
from tests.support import wait_until

CLIENTS = 16


class Load:
    """Clients in a closed loop: each record has a number of its own, which is its right answer."""

    def __init__(self, data_type: str) -> None:
        self._data_type = data_type
        self._numbers = itertools.count(1)
        self._stop = asyncio.Event()
        self.answered = 0
        self.wrong: list[str] = []
        self.errors: Counter[str] = Counter()
        self.longest = timedelta(0)
        """By the collectors' clocks, from admission to decision."""

    async def client(self, client: AsyncClient) -> None:
        while not self._stop.is_set():
            number = float(next(self._numbers))
            try:
                answers = await client.score(self._data_type, [{"a": number, "b": 0.0}])
            except HedgerowError as error:
                self.errors[str(error)] += 1
                await asyncio.sleep(0.01)  # what is refused at once must not keep this loop busy
            else:
                self._look_at(number, answers)

    def _look_at(self, number: float, answers: Answers) -> None:
        self.answered += 1
        self.longest = max(self.longest, answers.elapsed)
        (answer,) = answers
        voted = [model.name for model in answers.models if model.state == "answered"]
        twice = len(set(voted)) < len(voted)
        if answer.value != number or twice or not set(answer.agreed) <= set(voted):
            self.wrong.append(f"{number}: {answer} {voted}")

    async def flows(self, more: int = 200) -> None:
        """Wait until so many more records are answered."""
        until = self.answered + more
        await wait_until(lambda: self.answered >= until, f"{more} more records flow", timeout=30)

    def stop(self) -> None:
        self._stop.set()


@asynccontextmanager
async def loaded(data_type: str, routers: Sequence[str]) -> AsyncIterator[Load]:
    """Run the clients, on the routers in turn, until the block is left; the last records are answered."""
    load = Load(data_type)
    clients = [AsyncClient(address) for address in routers]
    tasks = [
        asyncio.create_task(load.client(clients[i % len(clients)]), name=f"client {i}")
        for i in range(CLIENTS)
    ]
    try:
        await load.flows()
        yield load
        await load.flows()
    finally:
        load.stop()
        await asyncio.gather(*tasks)
        for client in clients:
            await client.close()
