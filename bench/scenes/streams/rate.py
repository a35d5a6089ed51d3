"""How many records of a stream are scored a second, while more wait than there is time for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis

from bench.mesh import Mesh
from bench.streams import keys
from bench.streams.load import fill

_FASTEST = 30_000
"""Records a second that no mesh of this bench comes near."""
_POLL_SECONDS = 0.05

AFTER_CALLS_SECONDS = 6.0
"""After which routers take streams for alone."""


async def stream_rate(
    mesh: Mesh, seconds: float, rows: int = 0, key_count: int = 0, partitions: int = 1
) -> float:
    """Return records a second that get a score; all that was appended has one when it returns."""
    count = int(_FASTEST * (seconds + 1) / (rows or 1))
    names = [keys.scores(str(n)) for n in range(partitions)] if partitions > 1 else [keys.scores()]
    async with Redis(port=mesh.log_port, protocol=2) as redis:
        before = await _length(redis, names)
        await fill(mesh.log_port, count, rows, key_count, partitions)
        begun, first = time.perf_counter(), await _length(redis, names)
        await asyncio.sleep(seconds)
        took, last = time.perf_counter() - begun, await _length(redis, names)
        all_of_it = before + count * (rows or 1)
        if last >= all_of_it:
            raise RuntimeError("the stream ran dry")
        while await _length(redis, names) < all_of_it:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(_POLL_SECONDS)
        for name in names:  # or the bound of scores would be met, and lengths say nothing
            await redis.delete(name)
    return (last - first) / took


async def _length(redis: Any, names: Sequence[str]) -> int:
    return sum([await redis.xlen(name) for name in names])


async def dead_letters(mesh: Mesh) -> int:
    """Return how many records could not be scored; none should have been."""
    async with Redis(port=mesh.log_port, protocol=2) as redis:
        count: int = await redis.xlen(keys.DEAD)
    return count
