"""Processes of the bench: each is asked with a line of JSON and answers with one.

A worker ends when its input does, so none outlives the bench, however that ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

_PATIENCE = 60.0
"""Seconds that an answer may take beyond what was asked for."""
_LAST_WORDS = 5.0
"""Seconds that a worker may take to end; then it is killed."""

Message = dict[str, Any]


class WorkerFailed(Exception):
    """A worker ended or said nothing; what it wrote to stderr is on the terminal."""

    def __init__(self, module: str, what: str) -> None:
        super().__init__(f"{module} {what}")


class Worker:
    """A module of ours that runs in a process of its own."""

    def __init__(self, module: str, process: Process) -> None:
        self._module = module
        self._process = process

    async def ask(self, question: Message, seconds: float = 0.0) -> Message:
        """Return the answer to a question that takes `seconds`. Raises WorkerFailed."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        return await self.receive(seconds)

    async def receive(self, seconds: float = 0.0) -> Message:
        """Return the next line that it says. Raises WorkerFailed."""
        assert self._process.stdout is not None
        try:
            async with asyncio.timeout(seconds + _PATIENCE):
                line = await self._process.stdout.readline()
        except TimeoutError as error:
            raise WorkerFailed(self._module, "did not answer") from error
        if not line:
            raise WorkerFailed(self._module, f"ended with code {await self._process.wait()}")
        answer: Message = json.loads(line)
        return answer

    async def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(_LAST_WORDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def worker(module: str) -> AsyncIterator[Worker]:
    """Run a module in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module),
        stdin=PIPE,
        stdout=PIPE,
        # Ctrl-C goes to the whole group of a terminal; workers end when their input does.
        start_new_session=True,
    )
    started = Worker(module, process)
    try:
        yield started
    finally:
        await started.close()


def serve(answer: Callable[[Message], Message]) -> None:
    """Answer the questions of the process that started this one, until there are no more."""
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)
