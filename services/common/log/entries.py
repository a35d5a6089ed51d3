"""An event of the log, and where it stands."""

from typing import NamedTuple

from hedgerow.v1.models_pb2 import ModelEvent

BEGINNING = "0-0"
"""The id before every entry's."""

EVENT_FIELD = b"event"
"""Field of an entry that holds the event."""


class Entry(NamedTuple):
    """An event and where it stands."""

    data_type: str
    event: ModelEvent
    id: str
