"""Whole services on a log with many data types: how long they start, what they take while nothing comes.

Without hosts: a router is ready when it has read the log and met whom it needs, which is nobody. The
executor serves none of the data types.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
from redis import Redis

from bench.starts.logs import Shape, write
from hedgerow.local.environment import SERVICES, environment_of
from hedgerow.local.folder import Folder, temporary_folder
from hedgerow.local.ports import HOST, Ports
from hedgerow.local.process import ServiceProcess
from hedgerow.local.valkey import Valkey

MODELS = 3
"""Of each data type."""
_READY_SECONDS, _STOP_SECONDS = 60.0, 5.0
_SETTLE_SECONDS = 40.0
"""Streams that nothing comes to are waited for longer and longer, up to 30 s at a time."""
_IDLE_SECONDS = 30.0
_NOBODY = {"HEDGEROW_EXECUTOR_DATA_TYPES": "none-of-them"}


@dataclass(frozen=True, slots=True)
class Process:
    """What one service took."""

    service: str
    ready: float
    """Seconds from the start of its process, with its imports."""
    mib: float
    """Its share of memory (PSS)."""
    idle: float
    """Share of a core."""
    connections: int
    """To the log."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Of all services on one log."""

    data_types: int
    processes: list[Process]
    commands: float
    """That the log did in a second, those inside of scripts among them."""


async def measure(data_types: int) -> Idle:
    """Start one of each service, and look at them while nothing comes."""
    with temporary_folder() as folder:
        ports = Ports.free()
        async with Valkey(port=ports.log) as server:
            await asyncio.to_thread(write, server.url, Shape(data_types, MODELS, 1))
            services = {name: _service(name, folder, ports) for name in SERVICES}
            try:
                ready = {name: await _start(process) for name, process in services.items()}
                return await _look(data_types, services, ready, server.url, ports.log)
            finally:
                for process in services.values():
                    await process.stop(_STOP_SECONDS)


def _service(name: str, folder: Folder, ports: Ports) -> ServiceProcess:
    address = f"{HOST}:{getattr(ports, name)}"
    said = environment_of(name, ports, folder, {"PYTHONPATH": os.getcwd(), **_NOBODY})
    return ServiceProcess(name, address, said, folder.log_file(name))


async def _start(process: ServiceProcess) -> float:
    begun = time.monotonic()
    await process.start()
    await process.wait_until_ready(_READY_SECONDS)
    return time.monotonic() - begun


async def _look(
    data_types: int,
    services: dict[str, ServiceProcess],
    ready: dict[str, float],
    url: str,
    log_port: int,
) -> Idle:
    await asyncio.sleep(_SETTLE_SECONDS)
    found = {name: psutil.Process(process.pid) for name, process in services.items()}
    with Redis.from_url(url) as redis:
        used = {name: _seconds(process) for name, process in found.items()}
        commands = _commands(redis)
        await asyncio.sleep(_IDLE_SECONDS)
        done = (_commands(redis) - commands) / _IDLE_SECONDS
    processes = [
        Process(
            service=name,
            ready=ready[name],
            mib=_mib(process.pid),
            idle=(_seconds(process) - used[name]) / _IDLE_SECONDS,
            connections=sum(_to(process, log_port)),
        )
        for name, process in found.items()
    ]
    return Idle(data_types, processes, done)


def _seconds(process: psutil.Process) -> float:
    used = process.cpu_times()
    return used.user + used.system


def _mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    (kib,) = (line.split()[1] for line in lines if line.startswith("Pss:"))
    return int(kib) / 1024


def _to(process: psutil.Process, port: int) -> Iterator[bool]:
    return (bool(one.raddr) and one.raddr.port == port for one in process.net_connections("tcp"))


def _commands(redis: Redis) -> int:
    return int(redis.info("stats")["total_commands_processed"])
