"""How long calls may take, and what it means if Redis does not do what it was asked."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from redis.asyncio.sentinel import MasterNotFoundError
from redis.exceptions import (
    AskError,
    AuthenticationError,
    BusyLoadingError,
    ClusterCrossSlotError,
    ClusterDownError,
    ClusterError,
    ConnectionError,
    MasterDownError,
    MovedError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)

from hedgerow.errors import Unavailable
from services.common.log.connection.cluster import NotACluster

BLOCK = timedelta(seconds=2)
"""How long a follower's read waits in Redis for something new."""

COMMAND = timedelta(seconds=1.5)
"""For small commands: a caller is to hear within 2 s that the log is down, even if it only hangs."""

BULK = timedelta(seconds=10)
"""For a chunk: with AOF on a busy disk, Redis itself holds a write back for seconds."""

BLOCKING = BLOCK + timedelta(seconds=3)
"""Above the block time, or every quiet read would look like a broken connection."""


class LogRefused(Unavailable):
    """Redis has said no, so nothing was done. Of any other failure nobody knows."""


_A_CLUSTER = "the log is a Redis Cluster; give its URL as redis+cluster://host:port"

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
    (NotACluster, "the log is a single Redis; give its URL as redis://host:port/0"),
    (MovedError, _A_CLUSTER),
    (AskError, _A_CLUSTER),
    (ClusterCrossSlotError, _A_CLUSTER),
    (
        TryAgainError,
        "keys of the log are being moved to another node of its Redis Cluster; it goes on after that",
    ),
    (
        ClusterDownError,
        "the log's Redis Cluster is down: a node is lost, and no replica has its place yet",
    ),
    (ClusterError, "the nodes of the log's Redis Cluster do not agree which of them has what"),
    (
        MasterNotFoundError,
        "the log is out of reach: its Sentinels do not say where its primary is",
    ),
)
"""What Redis may say although it can be reached, and what that means to who runs it."""

_WHERE_IN_A_SCRIPT = re.compile(r" script: \S*,? ?on @user_script:\d+\.?$")
"""What Redis adds of our scripts to what it says."""

_DISK = "MISCONF"
"""redis-py has no class for it: Redis cannot write to its disk and refuses what would change anything."""


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
