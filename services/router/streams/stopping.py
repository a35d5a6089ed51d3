"""Waits that end when whoever waits is to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0
"""Seconds; doubled from one to the other while nothing comes of it."""


class Stopped(Exception):
    """Raised out of a wait: it is to stop."""


class Stopping:
    """Told once that it is time to stop."""

    def __init__(self) -> None:
        self._told = asyncio.Event()

    @property
    def is_told(self) -> bool:
        """It is time to stop."""
        return self._told.is_set()

    def tell(self) -> None:
        """Have all waits end."""
        self._told.set()

    async def unless(self, wait: Coroutine[Any, Any, T]) -> T:
        """Return what a wait gives. Raises Stopped if it is told first; then the wait is cancelled."""
        waiting = asyncio.ensure_future(wait)
        told = asyncio.ensure_future(self._told.wait())
        try:
            await asyncio.wait({waiting, told}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
            raise Stopped
        finally:
            told.cancel()
            if not waiting.done():
                waiting.cancel()
                await asyncio.wait({waiting})

    async def pause(self, seconds: float) -> None:
        """Wait so long. Raises Stopped."""
        await self.unless(asyncio.sleep(seconds))


class Pauses:
    """Pauses between tries of one thing that double."""

    def __init__(self, stopping: Stopping) -> None:
        self._stopping = stopping
        self._next = _FIRST_PAUSE

    async def __call__(self) -> None:
        """Wait a little longer than the last time. Raises Stopped."""
        pause, self._next = self._next, min(self._next * 2, _LONGEST_PAUSE)
        await self._stopping.pause(pause)

    def over(self) -> None:
        """Something came of it."""
        self._next = _FIRST_PAUSE
