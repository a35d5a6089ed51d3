"""Objects of S3 and of what speaks like it, and of Google Cloud Storage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from typing import Any, TypeVar

from hedgerow.errors import LimitExceeded
from hedgerow.locations.location import Location
from hedgerow.locations.stores import open_store, told

T = TypeVar("T")

_READ_BYTES = 2 * 1024**2
"""Asked for at a time: each stretch costs a request, and a few times as much of memory."""


async def read(location: Location, limit: int) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of an object. Raises NotFound, Inaccessible, Unavailable, and LimitExceeded."""
    store = await asyncio.to_thread(open_store, location)
    path = f"{location.place}/{location.key}"
    with told(location):
        about = await _there(store, store._info(path))
        if about["type"] != "file":
            raise FileNotFoundError("it is a folder")
        size = int(about["size"])
        if size > limit:
            raise LimitExceeded(
                f"there are more bytes at {location} than the {limit} that are allowed"
            )
        for start in range(0, size, _READ_BYTES):
            end = min(start + _READ_BYTES, size)
            yield await _there(store, store._cat_file(path, start=start, end=end))


async def _there(store: Any, call: Coroutine[Any, Any, T]) -> T:
    """Await something of fsspec's, in the loop of its own that it has in a thread.

    So there is no thread a call, and what is given up is cancelled there too.
    """
    return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(call, store.loop))
