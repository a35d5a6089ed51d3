"""Waits until a partition may be read: it is open, and its lease is this router's if one reads it alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from hedgerow.errors import Unavailable
from services.router.streams.flow.progress import Progress, Step
from services.router.streams.stopping import Pauses, Stopping

_LOOK_SECONDS = 0.25
"""How often it is looked; nobody tells."""

_CLOSED = "what came to other partitions before this one was made is being settled first"


class Entering:
    """Of one partition."""

    def __init__(self, progress: Progress, stopping: Stopping) -> None:
        self._progress = progress
        self._stopping = stopping

    async def until_open(self, is_open: Callable[[], Awaitable[bool]]) -> None:
        """Wait until what came to other partitions before this one was made is settled. Raises Stopped."""
        await self._until(is_open, _CLOSED)

    async def until_alone(self, acquire: Callable[[], Awaitable[bool]]) -> None:
        """Wait until no other router has the lease. Raises Stopped."""
        await self._until(acquire, "")

    async def _until(self, is_so: Callable[[], Awaitable[bool]], otherwise: str) -> None:
        pauses = Pauses(self._stopping)
        while True:
            try:
                if await is_so():
                    return
                self._progress.hindered(Step.READING, otherwise)
                await self._stopping.pause(_LOOK_SECONDS)
            except Unavailable as error:
                self._progress.hindered(Step.READING, str(error))
                await pauses()
