"""What is to be written to one gRPC stream.

A stream takes one write at a time. Producers put items without waiting; one task gathers all that waits
into one frame, writes it, and meanwhile the next frame gathers. So a frame leaves as soon as the loop
comes round, alone when there is little to do, and frames grow by themselves when there is much.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Generic, TypeVar

import structlog

from services.common.wire import JOINED_BYTES

_log = structlog.get_logger()

Item = TypeVar("Item")
Message = TypeVar("Message")


def _small(_: object) -> int:
    """Most messages are, whatever is joined."""
    return 0


class Outbox(Generic[Item, Message]):
    """Writes items to a stream in the order they were put.

    `write` writes one message (a call's or a context's); `frame` makes a message of one item or more, and
    makes it again of fewer when `size` says that it has too many bytes (`wire.JOINED_BYTES`).
    When `write` or `frame` fails the outbox ends: what waits and what is put later is dropped. A dead
    stream is for its reader to notice and tell; the writer has nobody to tell it to.

    Nothing bounds what waits: producers are bounded by what they answer.
    """

    def __init__(
        self,
        write: Callable[[Message], Awaitable[object]],
        frame: Callable[[list[Item]], Message],
        name: str = "outbox",
        size: Callable[[Message], int] = _small,
    ) -> None:
        self._write = write
        self._frame = frame
        self._size = size
        self._waiting: list[Item] = []
        self._wake = asyncio.Event()
        self._closing = False
        self.ended = False
        """Nothing is written any more: it was closed, or the stream is dead."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name=name)

    def put(self, item: Item) -> None:
        """Have an item written; it is dropped if the outbox is closed or has ended."""
        if self._closing or self.ended:
            return
        self._waiting.append(item)
        if len(self._waiting) == 1:
            self._wake.set()

    async def close(self) -> None:
        """Write what waits, however long the peer takes, then end; at once if the stream is dead."""
        self._closing = True
        self._wake.set()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        try:
            while self._waiting or not self._closing:
                await self._wake.wait()
                self._wake.clear()
                if self._waiting:
                    items, self._waiting = self._waiting, []
                    for message in self._messages(items):
                        await self._write(message)
        except Exception as error:
            _log.info("a stream ended before all was written", reason=str(error) or repr(error))
        finally:
            # Also when grpc.aio cancels a write: that is how it says that the call was cancelled.
            self.ended = True
            self._waiting.clear()

    def _messages(self, items: list[Item]) -> Iterator[Message]:
        """Yield as few messages as the items fit into."""
        try:
            message = self._frame(items)
        except Exception:
            _log.exception("a frame could not be made", items=len(items))
            raise
        if len(items) == 1 or self._size(message) <= JOINED_BYTES:
            yield message
            return
        half = len(items) // 2
        for part in (items[:half], items[half:]):
            yield from self._messages(part)
