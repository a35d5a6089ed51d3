"""What is largest: batches of 16384 records, messages of nearly 64 MiB, definitions of 256 MiB.

Highest is what was resident, program files included.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import numpy as np
import psutil

from bench.load import CHANNEL_OPTIONS
from bench.mesh import Mesh, start_mesh
from bench.models import BenchModel
from bench.plans import consensus
from bench.protocols.scoring import SCORE
from bench.sizes.definitions import frozen_graph, pmml, saved_model
from bench.sizes.log_commands import redis_of, used_mib
from bench.sizes.processes import forget_highest, highest_resident
from bench.sizes.size import MIB, Size
from hedgerow.v1.records_pb2 import Batch, Block
from hedgerow.v1.scoring_pb2 import ScoreRequest

_ROWS = 16384
_WIDTHS = (13, 480)
"""Features: those of the example, and as many as make a message of 60 MiB."""
_AT_ONCE = (1, 4, 16)
_ROUNDS = 3


async def run() -> list[Size]:
    """Tell it."""
    sizes = []
    for width in _WIDTHS:
        async with start_mesh() as mesh:
            await mesh.push(_wide(width))
            await mesh.apply(consensus(("wide",)))
            for calls in _AT_ONCE:
                sizes += await _batches(mesh, width, calls)
    return [*sizes, *await _pushes()]


async def _batches(mesh: Mesh, width: int, calls: int) -> list[Size]:
    """Send batches at once, some rounds, and return the highest memory of each process."""
    processes: dict[str, psutil.Process] = await mesh.processes()
    request = _request(width)
    with_names = {"router": "router", "collector": "collector", "host of wide@1 (constant)": "host"}
    watched = {short: processes[long].pid for long, short in with_names.items()}
    for pid in watched.values():
        forget_highest(pid)
    async with _scoring(mesh.address) as score:
        for _ in range(_ROUNDS):
            # Some may be too late; what they took is measured all the same.
            asked = [score(request, timeout=30.0) for _ in range(calls)]
            await asyncio.gather(*asked, return_exceptions=True)
    what = f"{calls} batches of {_ROWS} x {width} ({len(request) / MIB:.0f} MiB) at once"
    return [
        Size(
            f"large.batch.{width}.{calls}.{short}", f"{short}, {what}", highest_resident(pid), "MiB"
        )
        for short, pid in watched.items()
    ]


async def _pushes() -> list[Size]:
    """Push large definitions of each format, which nobody runs."""
    sizes = []
    async with start_mesh(environment={"HEDGEROW_EXECUTOR_MODEL_TYPES": "constant"}) as mesh:
        registry = (await mesh.processes())["registry"].pid
        with tempfile.TemporaryDirectory() as folder:
            for model in (
                saved_model(Path(folder)),
                frozen_graph(Path(folder)),
                pmml(Path(folder)),
            ):
                assert isinstance(model.definition, Path)
                forget_highest(registry)
                async with redis_of(mesh) as client:
                    before = await used_mib(client)
                    await _push(mesh, model)
                    taken = await used_mib(client) - before
                mib = model.definition.stat().st_size / MIB
                key, what = f"large.push.{model.model_type}", f"{model.model_type}, {mib:.0f} MiB"
                highest = highest_resident(registry)
                sizes += [
                    Size(f"{key}.definition", f"definition of a {model.model_type}", mib, "MiB"),
                    Size(f"{key}.registry", f"registry, a push of {what}", highest, "MiB"),
                    Size(f"{key}.log", f"log, a push of {what}", taken, "MiB"),
                ]
    return sizes


async def _push(mesh: Mesh, model: BenchModel) -> None:
    await mesh.registry.push_model(model.definition, **model.said())


def _wide(width: int) -> BenchModel:
    said = {"value": "1", "classes": ["0", "1"], "features": _names(width)}
    return BenchModel("wide", "constant", json.dumps(said).encode())


def _names(width: int) -> list[str]:
    return [f"feature-{number}" for number in range(width)]


def _request(width: int) -> bytes:
    values = np.random.default_rng(1).normal(size=(_ROWS, width)).tobytes()
    batch = Batch(data_type="wine", rows=_ROWS, blocks=[Block(names=_names(width), float64=values)])
    return ScoreRequest(batch=batch).SerializeToString()


@asynccontextmanager
async def _scoring(address: str) -> AsyncIterator[grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]]:
    options = (*CHANNEL_OPTIONS, ("grpc.max_send_message_length", 64 * MIB))
    async with grpc.aio.insecure_channel(address, options) as channel:
        yield channel.unary_unary(SCORE)
