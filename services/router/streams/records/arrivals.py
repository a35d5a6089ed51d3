"""An entry of a stream of records on its way: what it holds, and what has become of each record by now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hedgerow.data.records import Batch
from hedgerow.v1.records_pb2 import TraceContext
from services.common.clock import now_ns
from services.common.log.streams import Fate, RecordEntry

_NS = 1_000_000


@dataclass(slots=True, eq=False)
class Plain:
    """A record as fields: names and their values, as text."""

    names: tuple[bytes, ...]
    values: tuple[bytes, ...]


@dataclass(slots=True, eq=False)
class Arrival:
    """One entry that was read. It holds one record or several; each has its *fate* in the end."""

    entry: RecordEntry
    read_ms: int
    """When it was read, by the log's clock, ms since 1970."""
    read_ns: int
    """The same by this process's monotonic clock."""
    content: Plain | Batch
    own_ids: Sequence[str]
    """The ids that the producer gave, one a record; empty: none."""
    keys: Sequence[str]
    """One a record; empty: none has any."""
    traceparent: str = ""
    trace: TraceContext | None = None
    """What `traceparent` says, if that span was sampled."""
    tries: int = 1
    """The one that is going on included."""
    failures: dict[int, str] = field(default_factory=dict)
    """What came of the last try, of each record that it did not score through the record's own fault."""
    fates: list[Fate | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fates = [None] * self.rows

    @property
    def rows(self) -> int:
        """How many records it holds."""
        return self.content.rows if isinstance(self.content, Batch) else 1

    @property
    def is_done(self) -> bool:
        """Each of its records has a fate."""
        return None not in self.fates

    @property
    def open_rows(self) -> list[int]:
        """The records that have no fate yet, and have not failed in the try that is going on."""
        return [
            row for row, fate in enumerate(self.fates) if fate is None and row not in self.failures
        ]

    @property
    def waited_ms(self) -> int:
        """From when it was appended until it was read; not less than 0 if the clock was set back."""
        return max(self.read_ms - self.entry.appended_ms, 0)

    def own_id(self, row: int) -> str:
        """The id that the producer gave a record; empty: none."""
        return self.own_ids[row] if self.own_ids else ""

    def id(self, row: int) -> str:
        """The id that a record's score has: its own, or that of its entry with its place there."""
        return self.own_id(row) or (f"{self.entry.id}/{row}" if self.rows > 1 else self.entry.id)

    def key(self, row: int) -> str:
        """A record's key; empty: it has none."""
        return self.keys[row] if self.keys else ""

    def elapsed_ms(self) -> float:
        """From when it was appended until now."""
        return self.waited_ms + (now_ns() - self.read_ns) / _NS
