"""The connection to Redis, and the one place where its errors become ours.

Each call says with `within` how long it may take as a whole. redis-py's own time limits are off: since
version 8 they end blocking reads after 5 s, and the one for sending stands on asyncio.wait_for, which in
Python 3.11 loses a cancellation that comes at the wrong moment (python/cpython#81839; tasks that would
not end were seen here). Nothing is sent twice behind our back either: who calls knows whether that
would do harm.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ClusterError,
    ConnectionError,
    MasterDownError,
    MovedError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

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


class LogRefused(Unavailable):
    """Redis has said no, so nothing was done. Of any other failure nobody knows."""


_REFUSALS: tuple[tuple[type[RedisError], str], ...] = (
    # Of several that fit, the first: some are kinds of others.
    (OutOfMemoryError, "the log is full: Redis has reached its maxmemory; raise it"),
    (
        ReadOnlyError,
        "the log is read-only: the URL of the log is that of a replica; give the primary's",
    ),
    (
        AuthenticationError,
        "the log does not let us in; is its password right, in its URL or in HEDGEROW_LOG_PASSWORD?",
    ),
    (NoPermissionError, "the log does not let this user do that; its ACL must allow it"),
    (
        BusyLoadingError,
        "the log is being loaded by Redis after a start; it will be there in a while",
    ),
    (MasterDownError, "the log is a replica that has lost its primary"),
    (MovedError, "the log is a Redis Cluster; give the URL of a single Redis"),
    (ClusterError, "the log is a Redis Cluster; give the URL of a single Redis"),
)
"""What Redis may say although it can be reached, and what that means to who runs it."""

_WHERE_IN_A_SCRIPT = re.compile(r" script: \S*,? ?on @user_script:\d+\.?$")
"""What Redis adds of our scripts to what it says."""

_DISK = "MISCONF"
"""redis-py has no class for it: Redis cannot write to its disk and refuses what would change anything."""


def connect(url: str, password: str = "") -> Any:
    """Return a client with a pool of connections, which are made when they are first used.

    Typed as Any: redis-py types its asynchronous commands as "an awaitable or the value itself".
    """
    return Redis.from_url(
        url,
        password=password or None,
        socket_timeout=None,
        socket_connect_timeout=_CONNECT.total_seconds(),
        retry=Retry(NoBackoff(), 0),
        # The shape of XREAD's answer differs between 2 and 3, and redis-py 8 changed the default.
        protocol=2,
    )


@asynccontextmanager
async def within(limit: timedelta) -> AsyncIterator[None]:
    """Raise Unavailable for whatever Redis or the way to it did, and if the block takes too long.

    If Redis said no, it is LogRefused.
    """
    try:
        async with asyncio.timeout(limit.total_seconds()):
            yield
    except TimeoutError as error:
        raise Unavailable(
            f"the log is out of reach: no answer within {limit.total_seconds():g} s"
        ) from error
    except (RedisError, OSError) as error:
        said_no = isinstance(error, ResponseError | ReadOnlyError) and not isinstance(
            error, ConnectionError
        )
        raise (LogRefused if said_no else Unavailable)(_meaning(error)) from error


def _meaning(error: Exception) -> str:
    said = _one_line(error)
    for kind, meaning in _REFUSALS:
        if isinstance(error, kind):
            return f"{meaning} ({said})"
    if isinstance(error, ResponseError) and not isinstance(error, ConnectionError):
        full_disk = "the log cannot be written: Redis cannot save to its disk; see its log"
        return f"{full_disk} ({said})" if said.startswith(_DISK) else f"the log refuses: {said}"
    return f"the log is out of reach: {said}"


def _one_line(error: Exception) -> str:
    said = _WHERE_IN_A_SCRIPT.sub("", " ".join(str(error).split()))
    return said or type(error).__name__
