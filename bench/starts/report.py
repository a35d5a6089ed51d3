"""The table of starts: seconds from the start of a process, with its imports, until it is ready.

In brackets those of a processor, which do not depend on what else the machine does.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from statistics import median

import psutil

from bench.starts.logs import Shape, write
from hedgerow.local.environment import environment_of
from hedgerow.local.folder import Folder, temporary_folder
from hedgerow.local.ports import HOST, Ports
from hedgerow.local.process import ServiceProcess
from hedgerow.local.valkey import Valkey
from services.common.log import Log
from services.common.logs import configure_logging

_TIMES = 3
_READY_SECONDS = 60.0

SHAPES: tuple[tuple[str, Shape, bool], ...] = (
    ("an empty log", Shape(0, 0, 0), False),
    ("10,000 versions of 10 models", Shape(1, 10, 1000), False),
    ("the same, compacted", Shape(1, 10, 1000), True),
    ("10,000 versions in 1,000 data types", Shape(1000, 1, 10), False),
    ("100,000 reports of 1,000 versions", Shape(1, 10, 100, 100_000), False),
    ("the same, compacted", Shape(1, 10, 100, 100_000), True),
    ("only these 1,000 versions", Shape(1, 10, 100), False),
)
"""What is said of a log, what is in it, and whether it was compacted."""

Start = Callable[[Folder, Ports], Awaitable[tuple[float, float]]]
"""Starts a process; returns the seconds until it was ready, and those of a processor."""


def main(say: Callable[[str], object] = print) -> None:
    """Measure, and print the table."""
    configure_logging("bench", "warning", "console")
    asyncio.run(_measure(say))


async def _measure(say: Callable[[str], object]) -> None:
    say("| log | events | registry ready | router ready | executor has read it |")
    say("|---|---:|---:|---:|---:|")
    for name, shape, compacted in SHAPES:
        # A folder for each: what a service keeps on its disk is of the log that it starts on.
        with temporary_folder() as folder:
            ports = Ports.free()
            async with Valkey(port=ports.log) as server:
                await asyncio.to_thread(write, server.url, shape)
                if compacted:
                    await _compact(server.url, shape)
                cells = [
                    await _cell(start, folder, ports) for start in (_registry, _router, _mirror)
                ]
                say(f"| {name} | {shape.events:,} | {' | '.join(cells)} |")


async def _compact(url: str, shape: Shape) -> None:
    log = Log(url)
    for number in range(shape.data_types):
        await log.compactor.compact(f"type-{number}")
    await log.close()


async def _cell(start: Start, folder: Folder, ports: Ports) -> str:
    taken = [await start(folder, ports) for _ in range(_TIMES)]
    wall, processor = (median(values) for values in zip(*taken, strict=True))
    return f"{wall:.2f} s ({processor:.2f} s)"


async def _registry(folder: Folder, ports: Ports) -> tuple[float, float]:
    return await _service("registry", folder, ports)


async def _router(folder: Folder, ports: Ports) -> tuple[float, float]:
    return await _service("router", folder, ports)


async def _service(name: str, folder: Folder, ports: Ports) -> tuple[float, float]:
    address = f"{HOST}:{getattr(ports, name)}"
    environment = environment_of(name, ports, folder, {"PYTHONPATH": os.getcwd()})
    process = ServiceProcess(name, address, environment, folder.log_file(name))
    begun = time.monotonic()
    await process.start()
    await process.wait_until_ready(_READY_SECONDS)
    taken = time.monotonic() - begun
    used = psutil.Process(process.pid).cpu_times()
    await process.stop(3.0)
    return taken, used.user + used.system


async def _mirror(_: Folder, ports: Ports) -> tuple[float, float]:
    url = f"redis://{HOST}:{ports.log}/0"
    before, begun = os.times(), time.monotonic()
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.starts.mirror", url)
    assert await process.wait() == 0
    taken, after = time.monotonic() - begun, os.times()
    children = after.children_user + after.children_system
    return taken, children - before.children_user - before.children_system
