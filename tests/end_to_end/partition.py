"""A stretch of network that can be cut for some processes: a proxy in front of a service."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

_CHUNK = 65536


class Partition:
    """Forwards connections to a port, but for those of processes that are cut off.

    What they send is not refused: it goes nowhere, as when a cable is pulled, and so does what they are
    sent.
    """

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._server: asyncio.Server | None = None
        self._cut: set[int] = set()
        self._whole = asyncio.Event()
        self._whole.set()
        self._connections: set[asyncio.Task[None]] = set()
        self.forwarded: set[int] = set()
        """Processes whose connections were forwarded."""

    async def start(self, port: int) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", port)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    @contextmanager
    def cut(self, pids: set[int]) -> Iterator[None]:
        """Cut these processes off until the block is left."""
        self._cut = pids
        self._whole.clear()
        try:
            yield
        finally:
            self._cut = set()
            self._whole.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._forward(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            with suppress(RuntimeError):
                writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        owner = await asyncio.to_thread(_owner_of, writer.get_extra_info("peername")[1])
        await self._pass(owner)
        self.forwarded.add(owner)
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        pumps = [
            asyncio.create_task(self._pump(owner, reader, back), name="to the service"),
            asyncio.create_task(self._pump(owner, there, writer), name="from the service"),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            back.close()

    async def _pump(
        self, owner: int, source: asyncio.StreamReader, target: asyncio.StreamWriter
    ) -> None:
        while data := await source.read(_CHUNK):
            await self._pass(owner)
            target.write(data)
            await target.drain()

    async def _pass(self, owner: int) -> None:
        """Wait while the process is cut off."""
        while owner in self._cut:
            await self._whole.wait()


def _owner_of(port: int) -> int:
    """Return the process that has a connection from a port of this machine; 0 if it is gone."""
    for connection in psutil.net_connections("tcp"):
        if connection.laddr and connection.laddr.port == port and connection.pid:
            return connection.pid
    return 0
