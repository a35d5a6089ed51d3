"""Streams of records: sending into them, reading scores, and what became of records that have none."""

from hedgerow.client.record_streams.outgoing import Outgoing
from hedgerow.client.record_streams.sending import Sent

__all__ = ["Outgoing", "Sent"]
