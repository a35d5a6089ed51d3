"""Primaries and replicas that change places."""

from __future__ import annotations

from typing import Any

from redis import Redis

from hedgerow.errors import Unavailable
from hedgerow.local.valkey import Valkey
from services.common.log import Log
from tests.services.common.log.reading import append
from tests.support import wait_until


async def appended(log: Log, name: str, after: str) -> str:
    """Append as soon as the log takes it, and return the entry's id."""
    found = ""

    async def tried() -> str:
        nonlocal found
        try:
            found = await append(log, name, after=after)
        except Unavailable:
            return ""
        return found

    await wait_until(tried, "the log takes it", 20)
    return found


async def replicated(primary: Valkey) -> None:
    """Return when it is a primary and a replica has all that it has."""

    def has_all() -> bool:
        with Redis(port=primary.port) as redis:
            said: Any = redis.info("replication")
        return "slave0" in said and said["slave0"]["offset"] == said["master_repl_offset"]

    await wait_until(has_all, "its replica has all")
