"""A primary that Sentinel watches: whichever Redis it is at the moment."""

from __future__ import annotations

import asyncio
from typing import Any

from redis.asyncio import Redis, SSLConnection
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.exceptions import AuthenticationError, ConnectionError, TimeoutError

from services.common.log.connection.pools import PrimaryConnections
from services.common.log.connection.urls import Place

_PATIENCE = 0.3
"""Seconds that a Sentinel has to say who is the primary, before another one is asked."""

_BOTH = ("socket_", "ssl", "retry", "protocol")
"""How options begin that count for the connections to Sentinels, too."""


class Primary(Redis):
    """Each connection asks the Sentinels where the primary is when it is made."""

    sentinels: Sentinels

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        """Close all connections, those to the Sentinels too."""
        await super().aclose(close_connection_pool)
        for sentinel in self.sentinels.sentinels:
            await sentinel.aclose()


class Sentinels(Sentinel):
    """Does not wait for one that hangs: redis-py's own time limits are off."""

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        """Return the address of the primary. Raises MasterNotFoundError if no Sentinel can tell."""
        said = "they know none of that name that is up"
        for sentinel in list(self.sentinels):
            try:
                async with asyncio.timeout(_PATIENCE):
                    masters: Any = await sentinel.sentinel_masters()
            except AuthenticationError:
                raise
            except (ConnectionError, TimeoutError, OSError) as error:
                said = str(error) or "no answer in time"
                self.sentinels.append(self.sentinels.pop(0))  # last, the next time
                continue
            state = masters.get(service_name)
            if state and self.check_master_state(state, service_name):
                return state["ip"], state["port"]
        raise MasterNotFoundError(f"no Sentinel can tell where {service_name!r} is: {said}")


def primary_of(place: Place, options: dict[str, Any]) -> Redis:
    """Return the client of a primary, by options of its connections."""
    options = dict(options)
    user, password = options.pop("sentinel_username", None), options.pop("sentinel_password", None)
    if options.pop("connection_class", None) is SSLConnection:
        options["ssl"] = True
    ours = {name: value for name, value in options.items() if name.startswith(_BOTH)}
    sentinels = Sentinels(  # type: ignore[no-untyped-call]
        place.addresses, sentinel_kwargs={**ours, "username": user, "password": password}
    )
    primary: Primary = sentinels.master_for(
        place.primary, redis_class=Primary, connection_pool_class=PrimaryConnections, **options
    )
    primary.sentinels = sentinels
    return primary
