"""The connection to Redis, and the one place where its errors become ours.

Each call says with `within` how long it may take as a whole. redis-py's own time limits are off: since
version 8 they end blocking reads after 5 s, and the one for sending stands on asyncio.wait_for, which in
Python 3.11 loses a cancellation that comes at the wrong moment (python/cpython#81839; tasks that would
not end were seen here). Nothing is sent twice behind our back either: who calls knows whether that
would do harm.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from hedgerow.errors import Unavailable

BLOCK = timedelta(seconds=2)
"""How long a follower's read waits in Redis for something new."""

COMMAND = timedelta(seconds=1.5)
"""For small commands: a caller is to hear within 2 s that the log is down, even if it only hangs."""

BULK = timedelta(seconds=10)
"""For a chunk: with AOF on a busy disk, Redis itself holds a write back for seconds."""

BLOCKING = BLOCK + timedelta(seconds=3)
"""Above the block time, or every quiet read would look like a broken connection."""

_CONNECT = timedelta(seconds=1)


def connect(url: str) -> Any:
    """Return a client with a pool of connections, which are made when they are first used.

    Typed as Any: redis-py types its asynchronous commands as "an awaitable or the value itself".
    """
    return Redis.from_url(
        url,
        socket_timeout=None,
        socket_connect_timeout=_CONNECT.total_seconds(),
        retry=Retry(NoBackoff(), 0),
        # The shape of XREAD's answer differs between 2 and 3, and redis-py 8 changed the default.
        protocol=2,
    )


@asynccontextmanager
async def within(limit: timedelta) -> AsyncIterator[None]:
    """Raise Unavailable for whatever Redis or the way to it did, and if the block takes too long."""
    try:
        async with asyncio.timeout(limit.total_seconds()):
            yield
    except TimeoutError as error:
        raise Unavailable(
            f"the log is out of reach: no answer within {limit.total_seconds():g} s"
        ) from error
    except (RedisError, OSError) as error:
        raise Unavailable(f"the log is out of reach: {_one_line(error)}") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__
