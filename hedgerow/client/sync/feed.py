"""A stream between two threads: what goes in, and what comes out while more goes in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Generic, Self, TypeVar

from hedgerow.client.sync.background import next_of

T = TypeVar("T")


_END = object()
"""Not None: that may be among the batches, by mistake, and is no end of them."""


class Feed:
    """Batches that are put in one thread and read in that of the event loop."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Any] = asyncio.Queue()

    async def put(self, item: Any) -> None:
        """Put an item."""
        self._queue.put_nowait(item)

    async def end(self) -> None:
        """Say that there are no more."""
        self._queue.put_nowait(_END)

    async def items(self) -> AsyncIterator[Any]:
        """Yield what is put."""
        while (item := await self._queue.get()) is not _END:
            yield item


class Ahead(Generic[T]):
    """Items of an asynchronous generator, the next of which is always asked for already."""

    def __init__(self, items: AsyncGenerator[T, None]) -> None:
        self._items = items
        self._next = asyncio.create_task(next_of(items), name="reads ahead for another thread")

    @classmethod
    async def of(cls, items: AsyncGenerator[T, None]) -> Self:
        """Ask for the first."""
        return cls(items)

    @property
    def is_there(self) -> bool:
        """Whether the next item need not be waited for. To be asked in any thread."""
        return self._next.done()

    async def take(self) -> T | None:
        """Return the next item, None at the end, and ask for the one after it."""
        item = await self._next
        if item is not None:
            self._next = asyncio.create_task(next_of(self._items))
        return item

    async def close(self) -> None:
        """Ask no more."""
        self._next.cancel()
        await asyncio.gather(self._next, return_exceptions=True)
        await self._items.aclose()
