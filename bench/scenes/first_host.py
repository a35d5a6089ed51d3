"""From the start of an executor to its first host, and what it takes with all it has started by then.

The executor is one more of a mesh that runs, so its models wait for it. Memory is PSS, own memory and a
share of what is shared, of all its processes together.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from bench.figures import Figure
from bench.mesh import Mesh, start_mesh
from bench.models import wine_model
from bench.payload import DATA_TYPE
from bench.session import Session
from bench.sizes.processes import pss
from hedgerow.client.state import get_state
from hedgerow.errors import HedgerowError
from hedgerow.v1.execution_pb2 import HostState

_POLL_SECONDS = 0.02
_LONGEST_SECONDS = 120.0
_STOP_SECONDS = 8.0

_MESHES = {
    "PMML alone": ("wine-tree",),
    "TensorFlow alone": ("wine-net",),
    "PMML and TensorFlow": ("wine-net", "wine-tree"),
}


@dataclass(frozen=True, slots=True)
class _Start:
    first: float
    last: float
    mib: float


async def run(session: Session) -> list[Figure]:
    """Tell it for a mesh of PMML alone, of TensorFlow alone, and of both."""
    figures: list[Figure] = []
    for what, models in _MESHES.items():
        async with start_mesh() as mesh:
            for name in models:
                await mesh.push(wine_model(name))
            starts = await session.repeat(what, partial(_start, mesh, len(models)))
        figures += _figures(what, starts, several=len(models) > 1)
    return figures


def _figures(what: str, starts: Sequence[_Start], several: bool) -> list[Figure]:
    first = Figure(f"{what}, first host", median(start.first for start in starts), "s")
    last = Figure(f"{what}, last host", median(start.last for start in starts), "s")
    memory = Figure(f"{what}, all processes", median(start.mib for start in starts), "MiB")
    return [first, last, memory] if several else [first, memory]


async def _start(mesh: Mesh, hosts: int) -> _Start:
    """Start an executor, wait for its hosts, and stop it."""
    begun = time.monotonic()
    await mesh.spare.start()
    try:
        first = await _serving(mesh.spare.address, 1, begun)
        last = await _serving(mesh.spare.address, hosts, begun)
        return _Start(first, last, pss([mesh.spare.pid]))
    finally:
        await mesh.spare.stop(_STOP_SECONDS)


async def _serving(address: str, count: int, begun: float) -> float:
    """Return the seconds since `begun` when so many hosts serve."""
    while time.monotonic() < begun + _LONGEST_SECONDS:
        with contextlib.suppress(HedgerowError):
            hosts = (await get_state(address, DATA_TYPE)).hosts
            if sum(host.state == HostState.HOST_STATE_SERVING for host in hosts) >= count:
                return time.monotonic() - begun
        await asyncio.sleep(_POLL_SECONDS)
    raise TimeoutError(f"no {count} hosts serve after {_LONGEST_SECONDS:g} s")
