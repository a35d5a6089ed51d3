"""Executors that fetch a definition of 100 MB at the same moment, by what they fetch it with."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from bench.mesh import start_mesh
from bench.sizes.log_commands import redis_of, used_mib, used_seconds
from bench.sizes.size import Size
from bench.workers import Message, worker
from hedgerow.v1.events_pb2 import ModelPushed
from hedgerow.v1.models_pb2 import ModelVersion
from services.common.log.log import Log

_BYTES = 100 * 1000 * 1000
_READERS = (1, 4, 16)


async def run() -> list[Size]:
    """Tell how long it takes them, and what it costs the log."""
    sizes = []
    async with start_mesh() as mesh, redis_of(mesh) as client:
        url = f"redis://{mesh.ports.address('log')}/0"
        before = await used_mib(client)
        sha256, chunks = await _store(url)
        taken = await used_mib(client) - before
        sizes.append(Size("fetch.memory", "the log's memory for 100 MB", taken, "MiB"))
        asked = {"url": url, "sha256": sha256, "size": _BYTES, "chunks": chunks}
        for readers in _READERS:
            spent = await used_seconds(client)
            seconds, cores = await _fetch(asked, readers)
            of_log = (await used_seconds(client) - spent) / readers
            sizes += [
                Size(f"fetch.{readers}.seconds", f"{readers} fetch 100 MB", seconds, "s"),
                Size(f"fetch.{readers}.log", "processor of the log, each", of_log * 1e3, "ms"),
                Size(f"fetch.{readers}.reader", "processor of a reader", cores * 1e3, "ms"),
            ]
    return sizes


async def _store(url: str) -> tuple[str, int]:
    log = Log(url)
    with tempfile.NamedTemporaryFile() as file:
        content = os.urandom(_BYTES)
        file.write(content)
        file.flush()
        sha256 = hashlib.sha256(content).hexdigest()
        pushed = ModelPushed(model=ModelVersion(sha256=sha256, size=_BYTES))
        await log.definitions.store(pushed, Path(file.name))
    await log.close()
    return sha256, pushed.chunks


async def _fetch(asked: Message, readers: int) -> tuple[float, float]:
    """Have several fetch it; return the seconds until all have it, and those of processor of one."""
    async with AsyncExitStack() as stack:
        workers = [
            await stack.enter_async_context(worker("bench.sizes.reader")) for _ in range(readers)
        ]
        await asyncio.gather(*(one.ask({}) for one in workers))  # imports are no part of it
        begun = time.monotonic()
        answers = await asyncio.gather(*(one.ask(asked, 60.0) for one in workers))
        seconds = time.monotonic() - begun
    return seconds, sum(answer["cores"] for answer in answers) / readers
