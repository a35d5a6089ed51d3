"""A way to a server on which answers take their time; what is sent arrives at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class SlowWay:
    """Forwards connections to a port. Answers come `seconds` after the server gave them."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._connections: set[asyncio.Task[None]] = set()
        self.seconds = 0.0
        self.port = 0

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, back, slowly=False))
                group.create_task(self._pump(there, writer, slowly=True))
        except* OSError:
            pass
        except* asyncio.CancelledError:
            pass
        finally:
            self._connections.discard(task)
            for end in (back, writer):
                with suppress(RuntimeError):
                    end.close()

    async def _pump(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, slowly: bool
    ) -> None:
        while data := await source.read(65536):
            if slowly and self.seconds:
                await asyncio.sleep(self.seconds)  # what is tested is this time
            target.write(data)
            await target.drain()
        target.close()

    async def stop(self) -> None:
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)


@asynccontextmanager
async def slow_way(target: int) -> AsyncIterator[SlowWay]:
    """Open a way to a port of this machine."""
    way = SlowWay(target)
    server = await asyncio.start_server(way.connected, "127.0.0.1", 0)
    way.port = server.sockets[0].getsockname()[1]
    try:
        yield way
    finally:
        server.close()
        await way.stop()
