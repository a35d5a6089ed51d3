"""A mesh that is started again in a folder in which it has its models: to its first answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import monotonic

from bench.mesh import PACKED, start_mesh
from bench.models import wine_model
from bench.peers.server import PeerFailed, Server, first_answer
from bench.plans import consensus
from hedgerow.local.folder import Folder


async def leave_models(folder: Folder, models: Sequence[str]) -> None:
    """Leave a mesh in a folder that has served some models of the wines by consensus, for long enough."""
    async with start_mesh(folder=folder, environment=PACKED) as mesh:
        for name in models:
            await mesh.push(wine_model(name))
        await mesh.apply(consensus(models))
        await mesh.settled()


@asynccontextmanager
async def start_again(folder: Folder) -> AsyncIterator[Server]:
    """Run the mesh that was left in a folder, from its first answer on. Raises PeerFailed."""
    begun = monotonic()
    async with start_mesh(folder=folder, environment=PACKED) as mesh:
        if not await first_answer(mesh.address, "scoring"):
            raise PeerFailed("mesh", "")
        took = monotonic() - begun
        processes = [process.pid for process in (await mesh.processes()).values()]
        yield Server("mesh", mesh.address, "scoring", took, processes)
