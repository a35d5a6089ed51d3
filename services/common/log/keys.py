"""Every key of the log, how long it lives, and why.

`{}` is the hash tag of Redis Cluster: what belongs to one data type lies in one slot. A key without a
time to live is durable and must match `DURABLE`; the tests fail on any other that is left behind.
"""

import re
from datetime import timedelta

DATA_TYPES = "hedgerow:data-types"
"""Stream with one entry a data type (field `data_type`), so that followers of all learn of new ones. A
name may stand in it twice. It is written before the first event of the type: a name without events is
harmless, events under an unknown name would be lost to followers. An entry with the field `mesh` instead
wakes them: somebody named the mesh, so the log is new or was emptied."""

MESH = "hedgerow:mesh"
"""Hash that names the mesh whose log this is (`id`, random), with the moment in which it was written (`at`,
ms by Redis' clock) and whether it was `new` or `remembered` (`kind`). A log that was emptied or replaced
has none, or another; one that was emptied and named again has the same `id` from another moment."""

UPLOAD_TTL = timedelta(hours=1)
"""How long chunks live that no event names yet: longer than any push, short enough that those of a
registry that died in the middle do not pile up."""

CHUNK_BYTES = 1024 * 1024
"""Bytes of a chunk, the last one's excepted. Never to be changed: chunks of one sha256 that were written
with two sizes would not fit together."""

DURABLE = (
    re.compile(r"hedgerow:data-types"),
    re.compile(r"hedgerow:mesh"),
    # The truth: its fold is the state of all services.
    re.compile(r"hedgerow:\{[A-Za-z0-9_.-]{1,64}\}:models"),
    # What the entries were that it does not have any more.
    re.compile(r"hedgerow:\{[A-Za-z0-9_.-]{1,64}\}:snapshot"),
    # Definitions of registered versions, which live as long as the version.
    re.compile(r"hedgerow:blob:[0-9a-f]{64}:\d+"),
)


def models(data_type: str) -> str:
    """Return the stream of ModelEvents of a data type (field `event`).

    Field `prev` is the id of the entry before, so that a follower sees where entries are missing. Entries
    of before 2026-12 have none.
    """
    return f"hedgerow:{{{data_type}}}:models"


def snapshot(data_type: str) -> str:
    """Return the hash of a data type's Snapshot (`snapshot`) and of the entry it goes up to (`id`)."""
    return f"hedgerow:{{{data_type}}}:snapshot"


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
