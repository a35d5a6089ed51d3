"""What the log is on, and where, as its URL says."""

from __future__ import annotations

import re
from enum import Enum
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from redis.asyncio.connection import parse_url

Address = tuple[str, int]
"""Host and port of a server."""


class Kind(Enum):
    """What the log is on."""

    SINGLE = "redis"
    CLUSTER = "redis+cluster"
    SENTINEL = "redis+sentinel"


_PORTS = {Kind.CLUSTER: 6379, Kind.SENTINEL: 26379}

_FORMS = (
    "give redis://host:port/0 or unix://path, redis+cluster://host:port,host:port for a Redis Cluster, or"
    " redis+sentinel://host:port,host:port/name for a primary that Sentinel watches, with rediss for TLS;"
    " special characters of a password are percent-encoded, or it is given as HEDGEROW_LOG_PASSWORD"
)


_NO_DATABASES = "a Redis Cluster has no databases: end its URL after the last port"


class Place(NamedTuple):
    """What a URL says."""

    kind: Kind
    addresses: tuple[Address, ...]
    """Nodes of a cluster, or Sentinels; one that answers is enough."""
    options: dict[str, Any]
    """Of the connections to Redis itself, in redis-py's words."""
    primary: str = ""
    """The name that Sentinels know it by."""


def parse(url: str) -> Place:
    """Return what a URL says. Raises ValueError, with a message that has no part of the URL."""
    scheme, _, rest = url.partition("://")
    if scheme in ("redis", "rediss", "unix"):
        return Place(Kind.SINGLE, (), _options(url))
    try:
        kind = Kind(scheme.replace("rediss", "redis", 1))
    except ValueError:
        raise ValueError(_FORMS) from None
    authority = re.split("[/?]", rest, maxsplit=1)[0]
    user, at, hosts = authority.rpartition("@")
    addresses = tuple(_address(host, _PORTS[kind]) for host in hosts.split(","))
    path, _, query = rest[len(authority) :].partition("?")
    name, database = _name_and_database(kind, path.strip("/"))
    secure = scheme.startswith("rediss")
    options = _options(f"redis{'s' * secure}://{user}{at}redis/{database}?{query}")
    del options["host"]
    if kind is Kind.CLUSTER and options["db"]:
        raise ValueError(_NO_DATABASES)
    return Place(kind, addresses, options, name)


def _name_and_database(kind: Kind, path: str) -> tuple[str, int]:
    if kind is Kind.CLUSTER:
        if path not in ("", "0"):
            raise ValueError(_NO_DATABASES)
        return "", 0
    name, _, database = path.partition("/")
    if not name or not (database or "0").isdecimal():
        raise ValueError(
            "say by which name the Sentinels know the primary, as in"
            " redis+sentinel://host:26379,host:26379/name, or /name/0 with a database"
        )
    return name, int(database or 0)


def _address(text: str, port: int) -> Address:
    try:
        parts = urlsplit(f"//{text}")
        if parts.hostname:
            return parts.hostname, parts.port or port
    except ValueError:
        pass
    raise ValueError(_FORMS)


def _options(url: str) -> dict[str, Any]:
    try:
        return dict(parse_url(url))
    except ValueError:  # in words that may quote the password
        raise ValueError(_FORMS) from None
