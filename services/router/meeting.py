"""When a router that starts has met those whom it needs.

Between the moment in which it has read the plans and the one in which it has reached executors and
collectors it would refuse what other routers can answer; so it is not ready before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from services.router.collectors.pool import CollectorPool
from services.router.hosts.fleet import Fleet

_log = structlog.get_logger()

_PATIENCE_SECONDS = 3.0
"""Who has not been met by then is out of reach, or gone with a lease that still runs."""
_LOOK_SECONDS = 0.02


async def meet(fleet: Fleet, collectors: CollectorPool, listed: Iterable[asyncio.Event]) -> None:
    """Return when everybody has been reached, or has had the time to be.

    Each event of `listed` is set once the members of a service are known to one of the two.
    """
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            for event in listed:
                await event.wait()
            # It is over in some milliseconds, and only once; none of those tells anybody of it.
            while fleet.unmet or collectors.unmet:  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        unmet = [*fleet.unmet, *collectors.unmet]
        _log.warning("the router is ready although it has not reached all", addresses=unmet)
