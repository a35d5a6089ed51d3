"""What answers, the mesh or a peer; started, and asked."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import tempfile
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import psutil

from bench.load import CHANNEL_OPTIONS
from bench.peers.environments import ROOT, python_of
from bench.protocols import PROTOCOLS
from hedgerow.local.ports import HOST, Ports

_START_SECONDS = 120.0
_STOP_SECONDS = 8.0
_POLL_SECONDS = 0.02
_LAST_CHARACTERS = 2_000


class PeerFailed(Exception):
    """A peer does not answer."""

    def __init__(self, name: str, log: str) -> None:
        super().__init__(f"{name} does not answer; the end of what it wrote:\n{log}")


@dataclass(frozen=True, slots=True)
class Server:
    """What runs and has answered."""

    name: str
    address: str
    protocol: str
    seconds: float
    """From its start to the first answer."""
    processes: Sequence[int]
    """Those that all others of it were started by."""

    async def labels(self, rows: int) -> list[list[str]]:
        """Return the answers to each request of so many records."""
        protocol = PROTOCOLS[self.protocol]
        async with grpc.aio.insecure_channel(self.address, CHANNEL_OPTIONS) as channel:
            ask: Any = channel.unary_unary(protocol.method, None, protocol.parse)
            return [protocol.labels(await ask(request)) for request in protocol.requests(rows)]


@asynccontextmanager
async def start_peer(name: str) -> AsyncIterator[Server]:
    """Run a peer. Raises PeerFailed."""
    with tempfile.TemporaryDirectory(prefix="hedgerow-peer-") as folder:
        log, port = Path(folder, "log"), Ports.free().router
        address, protocol = f"{HOST}:{port}", "scoring" if name == "plain" else "inference"
        begun = time.monotonic()
        process = await _run(name, port, folder, log)
        try:
            if not await first_answer(address, protocol, lambda: process.returncode is not None):
                raise PeerFailed(name, _end_of(log))
            yield Server(name, address, protocol, time.monotonic() - begun, [process.pid])
        finally:
            await _stop(process)


async def first_answer(
    address: str, protocol: str, ended: Callable[[], bool] = lambda: False
) -> bool:
    """Ask until a record has an answer; False if there is none for long, or the server has ended."""
    known, give_up = PROTOCOLS[protocol], time.monotonic() + _START_SECONDS
    request = known.requests(1)[0]
    while time.monotonic() < give_up and not ended():
        # A channel that was refused once waits before it tries again.
        async with grpc.aio.insecure_channel(address, CHANNEL_OPTIONS) as channel:
            ask: Any = channel.unary_unary(known.method)
            with contextlib.suppress(grpc.aio.AioRpcError):
                await ask(request, timeout=_START_SECONDS)
                return True
        await asyncio.sleep(_POLL_SECONDS)
    return False


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-_LAST_CHARACTERS:]


async def _run(name: str, port: int, folder: str, log: Path) -> Process:
    with log.open("wb") as output:
        return await asyncio.create_subprocess_exec(
            *(python_of(name), "-m", f"bench.peers.servers.{name}", str(port), folder),
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdin=DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


async def _stop(process: Process) -> None:
    """End a peer with all it has started."""
    if process.returncode is not None:
        return
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    for child in children:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
