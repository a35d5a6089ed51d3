"""The load: clients that score wine records and hold each answer against what its model must say.

One of them has a single stream for ever, the others make calls.

Runs in a pod, finds the routers by the name of their Service, and writes what it has counted to
/out/counts.json again and again.
"""

from __future__ import annotations

import asyncio
import csv
import itertools
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

from hedgerow import AsyncClient
from hedgerow.client.batches import Records
from hedgerow.data.answers import Answer
from hedgerow.errors import HedgerowError

CLIENTS = 16
_PAUSE_SECONDS = 0.25
"""Between an answer and the next record of a client: some 60 records a second in all."""

_OUT = Path("/out")
_RECORDS = Path("/app/examples/wine/records.csv")
_REASONS = 20
"""Failures that are told word by word."""


class Load:
    """All clients, and what they count."""

    def __init__(self, client: AsyncClient, records: list[dict[str, float]]) -> None:
        self._client = client
        self._records = records
        self._said: dict[str, list[Any]] = {}
        self._counts: dict[str, Any] = {
            "answered": 0, "wrong": 0, "failed": 0, "longest": 0.0, "reasons": [],
        }  # fmt: skip

    async def learn(self) -> None:
        """Note what each model says of each record; who answers from now on must say the same."""
        while True:
            try:
                answers = await self._client.score(
                    "wine", self._records, explain=True, policy=_EVERYBODY
                )
            except HedgerowError as error:
                self._counts["reasons"] = [str(error)]
                self.write()
                await asyncio.sleep(0.5)
                continue
            said = {
                f"{model.name}@{model.version}": [model.said(row)[0] for row in range(len(answers))]
                for model in answers.models
                if model.predictions is not None
            }
            if len(said) == int(os.environ["MODELS"]):
                self._said, self._counts["reasons"] = said, []
                return
            await asyncio.sleep(0.2)

    async def score(self, first: int) -> None:
        """One client, for ever."""
        number = first
        while True:
            number += 1
            at = number % len(self._records)
            started = time.monotonic()
            try:
                answer = await self._client.score("wine", self._records[at])
            except HedgerowError as error:
                self._failed(f"{type(error).__name__}: {error}")
            else:
                self._answered(at, answer)
            taken = time.monotonic() - started
            self._counts["longest"] = max(self._counts["longest"], taken)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def stream(self) -> None:
        """A client that has one stream for ever, whatever becomes of its router."""
        number = 0
        async with aclosing(
            self._client.score_stream("wine", self._endless(), in_flight=4)
        ) as all_:
            async for scored in all_:
                if isinstance(scored.outcome, HedgerowError):
                    self._failed(f"of a stream: {scored.outcome}")
                else:
                    self._answered(number % len(self._records), scored.outcome[0])
                number += 1

    async def _endless(self) -> AsyncIterator[Records]:
        for record in itertools.cycle(self._records):
            yield record
            await asyncio.sleep(_PAUSE_SECONDS)

    def _answered(self, at: int, answer: Answer) -> None:
        self._counts["answered"] += 1
        if self._said[f"{answer.model}@{answer.version}"][at] != answer.value:
            self._counts["wrong"] += 1

    def _failed(self, reason: str) -> None:
        self._counts["failed"] += 1
        if len(self._counts["reasons"]) < _REASONS:
            self._counts["reasons"].append(f"{time.strftime('%H:%M:%S')} {reason}")

    async def report(self) -> None:
        """Write the counts, for ever."""
        while True:
            self.write()
            await asyncio.sleep(0.1)

    def write(self) -> None:
        """Write them now, whole or not at all."""
        (_OUT / "new").write_text(json.dumps(self._counts))
        (_OUT / "new").rename(_OUT / "counts.json")


_EVERYBODY: Mapping[str, Any] = {"deadline": "5s", "consensus": {"quorum": "all"}}


def _read() -> list[dict[str, float]]:
    with _RECORDS.open() as file:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]


async def _main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with AsyncClient(os.environ["TARGET"]) as client:
        load = Load(client, _read())
        await load.learn()
        tasks: list[asyncio.Task[Any]] = []
        tasks += [asyncio.create_task(load.score(n * 7)) for n in range(CLIENTS - 1)]
        tasks.append(asyncio.create_task(load.stream()))
        tasks.append(asyncio.create_task(load.report()))
        tasks.append(asyncio.create_task(stop.wait()))
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        load.write()
        for task in tasks:
            if task.done() and not task.cancelled() and task.exception() is not None:
                task.result()
            task.cancel()


if __name__ == "__main__":
    asyncio.run(_main())
