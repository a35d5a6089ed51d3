"""One event loop in one background thread, and what is used through it from any thread."""

from __future__ import annotations

import asyncio
import atexit
import threading
import weakref
from collections.abc import AsyncGenerator, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from hedgerow.client.channels import AsyncClosing
from hedgerow.client.forks import forks

T = TypeVar("T")

_CLOSE_SECONDS = 5.0


class Background:
    """An event loop in a thread of its own, started at its first use."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open: weakref.WeakSet[Front] = weakref.WeakSet()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine there and wait for it here; Ctrl-C here cancels it there.

        Raises InvalidInput in a process in which that would wait for ever (see `forks`).
        """
        try:
            forks.check("the mesh")
        except BaseException:
            coroutine.close()
            raise
        future = asyncio.run_coroutine_threadsafe(coroutine, self._started())
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def closes(self, front: Front) -> None:
        """Close a front when the interpreter ends, if nobody did."""
        self._open.add(front)

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                forks.used()
                self._loop = asyncio.new_event_loop()
                # A daemon, so that a program that ends does not wait for it; `_stop` ends it in order.
                thread = threading.Thread(
                    target=self._loop.run_forever, name="hedgerow client", daemon=True
                )
                thread.start()
                atexit.register(self._stop, self._loop, thread)
            return self._loop

    def _stop(self, loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
        if forks.is_child:
            return  # the loop and its thread are those of the parent
        for front in list(self._open):
            front.close()
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_CLOSE_SECONDS)


background = Background()


async def next_of(items: AsyncGenerator[T, None]) -> T | None:
    """Return the next item; None at the end."""
    return await anext(items, None)


class Front:
    """What both clients are: something asynchronous, used from any thread."""

    def __init__(self, core: AsyncClosing) -> None:
        self._closed = False
        self._core_to_close = core
        background.closes(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the channel; calls in flight end."""
        if not self._closed and not forks.is_child:
            self._closed = True
            background.run(self._core_to_close.close())
