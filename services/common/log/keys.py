"""Every key of the log, how long it lives, and why.

`{}` is the hash tag of Redis Cluster: what belongs to one data type lies in one slot. A key without a
time to live is durable and must match `DURABLE`; the tests fail on any other that is left behind.
"""

import re
from datetime import timedelta

DATA_TYPES = "hedgerow:data-types"
"""Stream with one entry a data type (field `data_type`), so that followers of all learn of new ones. A
name may stand in it twice. It is written before the first event of the type: a name without events is
harmless, events under an unknown name would be lost to followers."""

UPLOAD_TTL = timedelta(hours=1)
"""How long chunks live that no event names yet: longer than any push, short enough that those of a
registry that died in the middle do not pile up."""

INLINE_LIMIT = 1024 * 1024
"""Bytes up to which a definition travels inside its event. Every follower reads every event, so this
bounds what a start costs a router, which wants no definitions at all."""

CHUNK_BYTES = 1024 * 1024
"""Bytes of a chunk, the last one's excepted. Never to be changed: chunks of one sha256 that were written
with two sizes would not fit together."""

DURABLE = (
    re.compile(r"hedgerow:data-types"),
    # The truth: never trimmed, for the registry's state is a fold of all of it.
    re.compile(r"hedgerow:\{[A-Za-z0-9_.-]{1,64}\}:models"),
    # Definitions of registered versions, which live as long as the version.
    re.compile(r"hedgerow:blob:[0-9a-f]{64}:\d+"),
)


def models(data_type: str) -> str:
    """Return the stream of ModelEvents of a data type (field `event`)."""
    return f"hedgerow:{{{data_type}}}:models"


def blob(sha256: str, number: int) -> str:
    """Return the key of a chunk of a definition; numbers start at 0."""
    return f"hedgerow:blob:{sha256}:{number}"


def members(service: str) -> str:
    """Return the sorted set of a service's addresses, scored by the end of their leases.

    It lives as long as its longest lease: a service that nobody runs leaves nothing behind.
    """
    return f"hedgerow:members:{service}"


def is_durable(key: str) -> bool:
    """Tell whether a key may be without a time to live."""
    return any(pattern.fullmatch(key) for pattern in DURABLE)
