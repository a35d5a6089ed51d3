"""The client for a URL."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from services.common.log.connection.cluster import Cluster
from services.common.log.connection.pools import Connections
from services.common.log.connection.sentinel import primary_of
from services.common.log.connection.urls import Address, Kind, parse
from services.common.log.keys import CLUSTER, SINGLE, Keys

_CONNECT = timedelta(seconds=1)

_MOST = 2**16
"""Connections: each call that waits for something has one, of clients too. redis-py would refuse the
hundred and first."""

_OPTIONS: dict[str, Any] = {
    "socket_timeout": None,
    "socket_connect_timeout": _CONNECT.total_seconds(),
    "retry": Retry(NoBackoff(), 0),
    # The shape of XREAD's answer differs between 2 and 3, and redis-py 8 changed the default.
    "protocol": 2,
}


def connect(url: str, password: str = "", most: int = _MOST) -> Any:
    """Return a client with a pool of connections, which are made when they are first used.

    There are never more than `most` of them to one server: what is asked beyond that waits.

    Typed as Any: redis-py types its asynchronous commands as "an awaitable or the value itself". On a
    cluster it has the commands that name a key, and `pipeline(transaction=False)`. Raises ValueError.
    """
    place = parse(url)
    if place.kind is Kind.SINGLE:
        pool = Connections.from_url(url, password=password or None, room=most, **_OPTIONS)
        return _raw(Redis.from_pool(pool))
    options = {"password": password or None, "room": most, **_OPTIONS, **place.options}
    if place.kind is Kind.CLUSTER:
        return Cluster(place.addresses, lambda address: _node(address, options))
    return _raw(primary_of(place, options))


def check_url(url: str) -> None:
    """Raise ValueError for what is no URL of a log, with a message that has no part of it."""
    parse(url)


def is_cluster(client: Any) -> bool:
    """Tell whether a client is connected to a cluster."""
    return isinstance(client, Cluster)


def keys_of(client: Any) -> Keys:
    """Return the names that keys have where a client is connected to."""
    return CLUSTER if is_cluster(client) else SINGLE


def _node(address: Address, options: dict[str, Any]) -> Redis:
    host, port = address
    return _raw(Redis.from_pool(Connections(**options, host=host, port=port)))


def _raw(client: Redis) -> Redis:
    """Leave what XREADGROUP gives as it is: redis-py makes a dictionary of each entry, which costs."""
    client.set_response_callback("XREADGROUP", _as_it_is)  # type: ignore[arg-type]
    return client


def _as_it_is(found: Any, **_: Any) -> Any:
    return found
