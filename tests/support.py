"""What tests of all parts share."""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from services.common.service import Lifecycle, Service
from services.common.settings import ServiceSettings

_POLL = 0.01


async def wait_until(
    predicate: Callable[[], object | Awaitable[object]], description: str, timeout: float = 10
) -> None:
    """Wait until `predicate`, which may be asynchronous, is true; fail with `description` if not."""
    end = time.monotonic() + timeout
    while True:
        found = predicate()
        if inspect.isawaitable(found):
            found = await found
        if found:
            return
        assert time.monotonic() < end, f"still not so after {timeout:g} s: {description}"
        await asyncio.sleep(_POLL)


@asynccontextmanager
async def serving(service: Service, settings: ServiceSettings) -> AsyncIterator[str]:
    """Run a service as its process would, without the process; gives its address once it serves.

    When the block is left it is stopped as by a signal, and must end well.
    """
    lifecycle = Lifecycle(service, settings)
    run = asyncio.create_task(lifecycle.run(), name=f"run the {service.name}")
    try:
        await wait_until(lambda: lifecycle.serving_at or run.done(), f"the {service.name} serves")
        yield lifecycle.serving_at
    finally:
        lifecycle.stop()
        code = await run
    assert code == 0
