"""The same models called in turn in one plain Python process: no mesh, no network, no vote.

What a user has who loads the models into a script. Batches are made beforehand and joined by nobody, so
this floor does less than any service could.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import cycle

from bench.models import load_wine_model
from bench.payload import batches
from bench.workers import Message, Worker, serve, worker
from hedgerow.formats import Model


class InProcess:
    """The models of the example by their names, in a process of its own."""

    def __init__(self, models: Sequence[str], process: Worker) -> None:
        self._models = list(models)
        self._process = process

    async def rate(self, rows: int, seconds: float) -> float:
        """Return the records a second that all models have scored, in batches of `rows`."""
        question = {"models": self._models, "rows": rows, "seconds": seconds}
        rate: float = (await self._process.ask(question, seconds))["rate"]
        return rate


@asynccontextmanager
async def in_process(models: Sequence[str]) -> AsyncIterator[InProcess]:
    """Start the process; it loads the models when it is first asked."""
    async with worker("bench.floors.in_process") as process:
        yield InProcess(models, process)


def _rate(models: Sequence[Model], rows: int, seconds: float) -> float:
    scored, turn = 0, cycle(batches(rows))
    begun = time.perf_counter()
    while (now := time.perf_counter()) < begun + seconds:
        batch = next(turn)
        for model in models:
            model.score(batch)
        scored += rows
    return scored / (now - begun)


def _answer(question: Message) -> Message:
    models = [load_wine_model(name) for name in question["models"]]
    return {"rate": _rate(models, question["rows"], question["seconds"])}


if __name__ == "__main__":
    serve(_answer)
