"""Connections to one server, and to the primary that Sentinel watches: at most so many at once.

Who finds all of them in use waits for one. redis-py's pools refuse that, except one that is for a single
server alone.
"""

from __future__ import annotations

import asyncio
from typing import Any

from redis.asyncio import ConnectionPool
from redis.asyncio.sentinel import SentinelConnectionPool


class Connections(ConnectionPool):
    """To one server."""

    def __init__(self, *args: Any, room: int, **options: Any) -> None:
        options["max_connections"] = room
        super().__init__(*args, **options)
        self._room = asyncio.Semaphore(room)

    async def get_connection(self, *args: Any, **options: Any) -> Any:
        """Return one as soon as there is one."""
        await self._room.acquire()
        try:
            return await super().get_connection(*args, **options)  # type: ignore[no-untyped-call]
        except BaseException:
            self._room.release()
            raise

    async def release(self, connection: Any) -> None:
        """Take a connection back."""
        try:
            await super().release(connection)
        finally:
            self._room.release()


class PrimaryConnections(Connections, SentinelConnectionPool):
    """To a primary. Does not keep one to what was it, and may not know yet that it is none any more.

    redis-py closes those that nobody uses when it hears of another primary, but not those in use.
    """

    async def release(self, connection: Any) -> None:
        """Take a connection back."""
        if (connection.host, connection.port) != self.master_address:
            await connection.disconnect()
        await super().release(connection)
