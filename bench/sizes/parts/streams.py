"""What one more idle stream costs at its two ends, and what one more service asks of the log.

The streams are made by more routers, more collectors and more hosts; what they add is shared out evenly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import psutil

from bench.load import Load, run_load
from bench.mesh import Mesh, start_mesh
from bench.models import BenchModel, constant
from bench.plans import consensus
from bench.sizes.log_commands import calls
from bench.sizes.processes import Memory, processor_seconds
from bench.sizes.size import Size
from hedgerow.local.process import ServiceProcess

_FEW, _MANY = 4, 44
_MORE = 8
_IDLE_SECONDS = 20.0
_READY_SECONDS = 60.0
_SETTLE_SECONDS = 3.0

_HOST = "host of constant-0@1 (constant)"


async def run() -> list[Size]:
    """Tell it of hosts, then of routers, then of collectors."""
    async with start_mesh() as mesh:
        models = [constant(f"constant-{i}", value="1") for i in range(_MANY)]
        await _push(mesh, models[:_FEW])
        few = await _Idle.measure(mesh)
        await _push(mesh, models[_FEW:])
        many = await _Idle.measure(mesh)
        routers = await _start(mesh, "router")
        with_routers = await _Idle.measure(mesh, [r.address for r in routers])
        for router in routers:
            await router.stop(8.0)
        again = await _Idle.measure(mesh)
        await _start(mesh, "collector")
        with_collectors = await _Idle.measure(mesh)
    more = _MANY - _FEW
    return [
        *_more("router", "host", few, many, "router", more),
        *_more("collector", "host", few, many, "collector", more),
        *_more("host", "router", many, with_routers, _HOST, _MORE),
        *_more("collector", "router", many, with_routers, "collector", _MORE),
        *_more("host", "collector", again, with_collectors, _HOST, _MORE),
        *_more("router", "collector", again, with_collectors, "router", _MORE),
        *_commands("host", few, many, more),
        *_commands("router", many, with_routers, _MORE),
        *_commands("collector", again, with_collectors, _MORE),
        Size("streams.log.mesh", "commands of a mesh of one each", many.total(), "a second"),
    ]


class _Idle:
    """What a mesh does while nobody asks anything of it."""

    def __init__(
        self, private: Mapping[str, float], cores: Mapping[str, float], sent: Mapping[str, float]
    ) -> None:
        self.private = private
        self.cores = cores
        self.sent = sent

    @classmethod
    async def measure(cls, mesh: Mesh, routers: Sequence[str] = ()) -> _Idle:
        """Let every host report to every collector it may, so that all streams are open, and look."""
        for address in (mesh.address, *routers):
            await run_load(Load(address, 4, 1.0))
        await asyncio.sleep(_SETTLE_SECONDS)
        processes: dict[str, psutil.Process] = await mesh.processes()
        before, asked = processor_seconds(processes), await calls(mesh)
        await asyncio.sleep(_IDLE_SECONDS)
        after, answered = processor_seconds(processes), await calls(mesh)
        return cls(
            {name: Memory.of(process.pid).private for name, process in processes.items()},
            {name: (after[name] - before[name]) / _IDLE_SECONDS for name in processes},
            {name: (answered[name] - asked.get(name, 0)) / _IDLE_SECONDS for name in answered},
        )

    def total(self) -> float:
        return sum(self.sent.values())


async def _push(mesh: Mesh, models: Sequence[BenchModel]) -> None:
    await asyncio.gather(*(mesh.push(model) for model in models))
    names = [f"constant-{i}" for i in range(_MANY if len(models) > _FEW else _FEW)]
    await mesh.apply(consensus(names, everybody=True))


async def _start(mesh: Mesh, service: str) -> list[ServiceProcess]:
    started = [mesh.another(service) for _ in range(_MORE)]
    for process in started:
        await process.start()
    for process in started:
        await process.wait_until_ready(_READY_SECONDS)
    return started


def _more(at: str, of: str, before: _Idle, after: _Idle, process: str, number: int) -> list[Size]:
    kib = (after.private[process] - before.private[process]) / number * 1024
    core = (after.cores[process] - before.cores[process]) / number * 100
    what = f"one more {of}, at each {at}"
    return [
        Size(f"streams.{at}.{of}.memory", what, kib, "KiB"),
        Size(f"streams.{at}.{of}.core", what, core, "% of a core"),
    ]


def _commands(of: str, before: _Idle, after: _Idle, number: int) -> list[Size]:
    rate = (after.total() - before.total()) / number
    return [Size(f"streams.log.{of}", f"one more {of}, commands to the log", rate, "a second")]
