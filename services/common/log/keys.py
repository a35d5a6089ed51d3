"""Every key of the log, how long it lives, and why.

`{}` is the hash tag of Redis Cluster, which puts keys of one tag into one slot: scripts and XREAD touch
several keys at once, and a cluster allows that within a slot alone. On a cluster all of the catalog, which
is small, is in one slot (`{hedgerow}:{wine}:models`; the first braces count), and the chunks of a
definition, which are not, lie where its sha256 puts them. A key without a time to live is durable and must
match `DURABLE`; the tests fail on any other that is left behind.
"""

import re
from datetime import timedelta

UPLOAD_TTL = timedelta(hours=1)
"""How long chunks live that no event names yet: longer than any push, short enough that those of a
registry that died in the middle do not pile up."""

CHUNK_BYTES = 1024 * 1024
"""Bytes of a chunk, the last one's excepted. Never to be changed: chunks of one sha256 that were written
with two sizes would not fit together."""

_CATALOG = r"(hedgerow|\{hedgerow\})"

ROUTERS = "router"
"""Consumer group of the routers in each stream of records."""

SETTLED_TTL = timedelta(days=1)
"""How long it is known when a partition's records were last settled."""

DURABLE = (
    re.compile(rf"{_CATALOG}:data-types"),
    re.compile(rf"{_CATALOG}:mesh"),
    # The truth: its fold is the state of all services.
    re.compile(rf"{_CATALOG}:\{{[A-Za-z0-9_.-]{{1,64}}\}}:models"),
    # What the entries were that it does not have any more.
    re.compile(rf"{_CATALOG}:\{{[A-Za-z0-9_.-]{{1,64}}\}}:snapshot"),
    # Records and what became of them, which are trimmed and removed by what the plan and users say.
    re.compile(r"hedgerow:\{[A-Za-z0-9_.-]{1,64}(/\d+)?\}:(records|scores|dead)"),
    # How many partitions there are.
    re.compile(r"hedgerow:\{[A-Za-z0-9_.-]{1,64}\}:stream"),
    re.compile(r"hedgerow:\{[A-Za-z0-9_.-]{1,64}(/\d+)?\}:fence"),
    # Definitions of registered versions, which live as long as the version.
    re.compile(r"hedgerow:blob:([0-9a-f]{64}|\{[0-9a-f]{64}\}):\d+"),
)


class Keys:
    """The keys whose names a cluster wants other than a single Redis."""

    def __init__(self, *, is_cluster: bool) -> None:
        self._is_cluster = is_cluster
        self._catalog = "{hedgerow}" if is_cluster else "hedgerow"

    @property
    def data_types(self) -> str:
        """The stream with one entry a data type (field `data_type`): followers of all learn of new ones.

        A name may stand in it twice. It is written before the first event of the type: a name without
        events is harmless, events under an unknown name would be lost to followers. An entry with the field
        `mesh` instead wakes them: somebody named the mesh, so the log is new or was emptied.
        """
        return f"{self._catalog}:data-types"

    @property
    def mesh(self) -> str:
        """The hash that names the mesh whose log this is (`id`, random).

        With the moment in which it was written (`at`, ms by Redis' clock) and whether it was `new` or
        `remembered` (`kind`). A log that was emptied or replaced has none, or another; one that was emptied
        and named again has the same `id` from another moment.
        """
        return f"{self._catalog}:mesh"

    def models(self, data_type: str) -> str:
        """Return the stream of ModelEvents of a data type (field `event`).

        Field `prev` is the id of the entry before, so that a follower sees where entries are missing.
        Entries of before 2026-12 have none.
        """
        return f"{self._catalog}:{{{data_type}}}:models"

    def snapshot(self, data_type: str) -> str:
        """Return the hash of a data type's Snapshot (`snapshot`) and of the entry it goes up to (`id`)."""
        return f"{self._catalog}:{{{data_type}}}:snapshot"

    def members(self, service: str) -> str:
        """Return the sorted set of a service's addresses, scored by the end of their leases.

        It lives as long as its longest lease: a service that nobody runs leaves nothing behind.
        """
        return f"{self._catalog}:members:{service}"

    def blob(self, sha256: str, number: int) -> str:
        """Return the key of a chunk of a definition; numbers start at 0."""
        tag = f"{{{sha256}}}" if self._is_cluster else sha256
        return f"hedgerow:blob:{tag}:{number}"


SINGLE = Keys(is_cluster=False)
CLUSTER = Keys(is_cluster=True)


# -- streams of records; `tag` is the data type or, of a partition, `wine/3` (see streams.Partition) ----


def records(tag: str) -> str:
    """Return the stream of records to be scored: fields of the record, or `batch`."""
    return f"hedgerow:{{{tag}}}:records"


def scores(tag: str) -> str:
    """Return the stream of scores (`score`, and the same as fields that people can read)."""
    return f"hedgerow:{{{tag}}}:scores"


def dead(tag: str) -> str:
    """Return the stream of records that could not be scored (`letter`, and the same as fields)."""
    return f"hedgerow:{{{tag}}}:dead"


def seen(tag: str) -> str:
    """Return the sorted set of ids that were settled of late, scored by when (ms by Redis' clock).

    It lives as long as an id is looked for: nobody sends, nothing is left.
    """
    return f"hedgerow:{{{tag}}}:seen"


def reader(tag: str) -> str:
    """Return the lease of the router that reads a partition alone. It lives as long as it is renewed."""
    return f"hedgerow:{{{tag}}}:reader"


def suspects(data_type: str) -> str:
    """Return the lease of the router that tries records again which failed: one at a time does."""
    return f"hedgerow:{{{data_type}}}:suspects"


def settled(tag: str) -> str:
    """Return when records were last settled, ms by Redis' clock."""
    return f"hedgerow:{{{tag}}}:settled"


def fence(tag: str) -> str:
    """Return the hash of a partition's fence: see streams.Splits.

    It has how many partitions those must know of who append (`count`), and by each such number the id of
    the entry after which it was so.
    """
    return f"hedgerow:{{{tag}}}:fence"


def stream(data_type: str) -> str:
    """Return the hash with `partitions`: over how many streams records are spread.

    Field `history` has what that number was before, too: `1,2,8`.
    """
    return f"hedgerow:{{{data_type}}}:stream"


def milliseconds(duration: timedelta) -> int:
    """Return a duration as Redis has it."""
    return duration // timedelta(milliseconds=1)


def is_durable(key: str) -> bool:
    """Tell whether a key may be without a time to live."""
    return any(pattern.fullmatch(key) for pattern in DURABLE)
