"""What a record leaves behind that kills a host or keeps it busy: others are late for want of that host."""

from __future__ import annotations

from services.common.clock import now_ns

_LASTS_NS = 5_000_000_000
"""By then a host that was busy has gone on or been killed, and another one is there."""


class Trouble:
    """Of the records of one data type, at this router."""

    def __init__(self) -> None:
        self._until = 0

    def begins(self) -> None:
        """A record has failed that was tried apart from others."""
        self._until = now_ns() + _LASTS_NS

    @property
    def lasts(self) -> bool:
        """Who is late now may be so through no fault of its own."""
        return now_ns() < self._until
