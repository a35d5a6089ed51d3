"""The connection to Redis, and the one place where its errors become ours.

A URL says what the log is on: a single Redis, a Redis Cluster, or a primary that Sentinel watches. What
`connect` returns has the same commands for all of them, and `keys_of` says how keys are called there.

Each call says with `within` how long it may take as a whole. redis-py's own time limits are off: since
version 8 they end blocking reads after 5 s, and the one for sending stands on asyncio.wait_for, which in
Python 3.11 loses a cancellation that comes at the wrong moment (python/cpython#81839; tasks that would
not end were seen here). Nothing is sent twice behind our back either: who calls knows whether that
would do harm.
"""

from services.common.log.connection.clients import check_url, connect, is_cluster, keys_of
from services.common.log.connection.commands import executed
from services.common.log.connection.limits import (
    BLOCK,
    BLOCKING,
    BULK,
    COMMAND,
    LogRefused,
    within,
)

__all__ = [
    "BLOCK",
    "BLOCKING",
    "BULK",
    "COMMAND",
    "LogRefused",
    "check_url",
    "connect",
    "executed",
    "is_cluster",
    "keys_of",
    "within",
]
