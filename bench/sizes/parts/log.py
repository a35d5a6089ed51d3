"""The log: what a version and a plan take, what commands cost, how long a history is read at a start."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any

from bench.mesh import Mesh, start_mesh
from bench.models import wine_model
from bench.plans import consensus
from bench.sizes.log_commands import redis_of, used_mib, used_seconds
from bench.sizes.processes import Memory
from bench.sizes.size import MIB, Size
from hedgerow.v1.events_pb2 import ModelEvent
from services.common.log.keys import SINGLE
from services.common.log.log import Log

_VERSIONS, _PLANS = 50, 200
_HISTORY = 20_000
_COMMANDS = 10_000
_AT_ONCE = 16
_LEASE = timedelta(seconds=6)
_READY_SECONDS = 120.0


async def run() -> list[Size]:
    """Tell it."""
    # Models are registered, not run.
    environment = {"HEDGEROW_EXECUTOR_MODEL_TYPES": "constant"}
    async with start_mesh(environment=environment) as mesh, redis_of(mesh) as client:
        sizes = [*await _bytes(mesh, client), *await _commands(mesh, client)]
        return [*sizes, *await _history(mesh, client)]


async def _bytes(mesh: Mesh, client: Any) -> list[Size]:
    tree = wine_model("wine-tree")
    assert not isinstance(tree.definition, bytes)
    definition = tree.definition.stat().st_size
    before = await used_mib(client)
    for number in range(_VERSIONS):
        await mesh.registry.push_model(tree.definition, **tree.said(f"version {number}"))
    versions = await used_mib(client)
    for number in range(_PLANS):
        plan = consensus(("wine-tree",), everybody=bool(number % 2))
        await mesh.registry.apply_plan(plan)
    plans = await used_mib(client)
    beside = (versions - before) / _VERSIONS * MIB - definition
    return [
        Size("log.version", f"a version, beside its definition of {definition} bytes", beside, "B"),
        Size("log.plan", "a plan", (plans - versions) / _PLANS * MIB, "B"),
    ]


async def _commands(mesh: Mesh, client: Any) -> list[Size]:
    """Return the log's processor time for a thousand commands of each kind that services send."""
    log = Log(f"redis://{mesh.ports.address('log')}/0")
    sizes = []
    for members in (10, 100, 1000):
        service = f"bench-{members}"
        end = int(time.time() * 1000) + 600_000
        await client.zadd(SINGLE.members(service), {f"10.0.0.1:{i}": end for i in range(members)})
        spent = await _spent(client, partial(log.members.list, service))
        sizes.append(
            Size(f"log.poll.{members}", f"1,000 polls of {members} members", spent * 1e3, "ms")
        )
    renewing = await _spent(client, partial(_renew, log))
    await log.close()
    return [*sizes, Size("log.renewal", "1,000 renewals of a lease", renewing * 1e3, "ms")]


async def _renew(log: Log) -> None:
    """Take a lease once: the first renewal comes at once, and what follows is left out."""
    keeping = asyncio.create_task(log.members.keep("bench-renewal", "10.0.0.1:1", _LEASE))
    await asyncio.sleep(0)
    await log.members.release("bench-renewal", "10.0.0.1:1")
    await keeping


async def _spent(client: Any, command: Callable[[], Awaitable[Any]]) -> float:
    """Return the log's seconds of processor time for a thousand commands."""

    async def several() -> None:
        for _ in range(_COMMANDS // _AT_ONCE):
            await command()

    before = await used_seconds(client)
    await asyncio.gather(*(several() for _ in range(_AT_ONCE)))
    return (await used_seconds(client) - before) / _COMMANDS * 1000


async def _history(mesh: Mesh, client: Any) -> list[Size]:
    """Return how long a router takes to start without a history, and with one, and what that takes."""
    sizes = []
    for events in (0, _HISTORY):
        if events:
            await _write(client, events)
        router = mesh.another("router")
        begun = time.monotonic()
        await router.start()
        await router.wait_until_ready(_READY_SECONDS)
        taken, key = time.monotonic() - begun, f"log.history.{events}"
        sizes.append(Size(key, f"a router's start, {events:,} more plans in the log", taken, "s"))
        private = Memory.of(router.pid).private
        sizes.append(Size(f"{key}.memory", "its memory then, private", private, "MiB"))
        await router.stop(8.0)
    return sizes


async def _write(client: Any, events: int) -> None:
    """Write the newest event of the data type again and again, as plans that are applied do."""
    stream = SINGLE.models("wine")
    ((_, fields),) = await client.xrevrange(stream, count=1)
    event = ModelEvent.FromString(fields[b"event"])
    first = event.plan_applied.revision
    async with client.pipeline(transaction=False) as pipeline:
        for number in range(events):
            event.plan_applied.revision = first + number + 1
            pipeline.xadd(stream, {"event": event.SerializeToString()})
        await pipeline.execute()
