"""What the log says of itself: commands, processor time, memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio import Redis

from bench.mesh import Mesh
from bench.sizes.size import MIB

_SENT = ("eval", "evalsha", "xread", "get", "zrem", "ping")
"""What services send; the rest is run by scripts of ours, or asked by the bench."""


@asynccontextmanager
async def redis_of(mesh: Mesh) -> AsyncIterator[Any]:
    """Give a client of a mesh's log."""
    client = Redis.from_url(f"redis://{mesh.ports.address('log')}/0", protocol=2)
    try:
        yield client
    finally:
        await client.aclose()


async def calls(mesh: Mesh) -> dict[str, int]:
    """Return how often each command was sent by services so far."""
    async with redis_of(mesh) as client:
        stats = await client.info("commandstats")
    return {name: stats[f"cmdstat_{name}"]["calls"] for name in _SENT if f"cmdstat_{name}" in stats}


async def used_seconds(client: Any) -> float:
    """Return the processor time that the log has used."""
    said = await client.info("cpu")
    return float(said["used_cpu_user"] + said["used_cpu_sys"])


async def used_mib(client: Any) -> float:
    """Return the memory that its keys take, as it counts it itself; buffers are left out."""
    return float((await client.info("memory"))["used_memory_dataset"]) / MIB
