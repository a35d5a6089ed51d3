"""An event of the log, and where it stands."""

from typing import NamedTuple

from hedgerow.v1.events_pb2 import ModelEvent, Snapshot

BEGINNING = "0-0"
"""The id before every entry's."""

EVENT_FIELD = b"event"
"""Field of an entry that holds the event."""

PREVIOUS_FIELD = b"prev"
"""Field of an entry that holds the id of the one before it."""


class Entry(NamedTuple):
    """An event and where it stands."""

    data_type: str
    event: ModelEvent
    id: str


class SnapshotItem(NamedTuple):
    """All that is known of a data type up to an entry, in place of the entries themselves."""

    data_type: str
    snapshot: Snapshot
