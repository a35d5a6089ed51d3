"""Reading streams that must be ended from our side when the collector stops."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

Message = TypeVar("Message")


class InboundStream:
    """One stream of messages from a peer, read until the peer ends it or `end` is called."""

    def __init__(self) -> None:
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(self) -> None:
        """Have `read` return."""
        if not self._ended.done():
            self._ended.set_result(None)

    async def read(self, messages: AsyncIterator[Message], take: Callable[[Message], None]) -> bool:
        """Take each message; return whether the peer has ended the stream. Raises what `take` raises."""
        # One task a stream: cancelling a wait for each message would cost more than most messages.
        reading = asyncio.ensure_future(_read(messages, take))
        try:
            await asyncio.wait({reading, self._ended}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
            return reading.done()
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def _read(messages: AsyncIterator[Message], take: Callable[[Message], None]) -> None:
    async for message in messages:
        take(message)
