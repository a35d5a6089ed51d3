"""Decides on each call, before it is decoded, whether it can be answered in time, or is refused at once.

Two things decide. Of each data type no more may be under way than the mesh answers in time (see `limit`).
And the time of a call is gRPC's own, what is left of its caller's deadline, so that whatever it has spent
on its way counts, in the queue of this router's gRPC above all; nothing is done for one that has none left.
How long an answer takes is not asked here: with less time the same policy is content with less.

What cannot be decided here is what never gets here: a router can be handed more calls than its event loop
can even refuse, for a refusal costs it 0.4 of an answer, nearly all in gRPC. Those are refused by gRPC's
core before Python sees them, by the setting `max_pending`.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from hedgerow.errors import Overloaded
from services.router.admission.room import Room

_log = structlog.get_logger()

_RETRY_AFTER = timedelta(milliseconds=100)
_PERIOD_SECONDS = 1.0
_TYPES_PERIODS = 10
"""A data type counts as seen for so long."""
_READ_EVERY = 4
"""Of the calls that are refused unread, so that a type that has not been seen yet is."""


class Admission:
    """Admits the calls of one router, of which `most` may be under way."""

    def __init__(self, most: int) -> None:
        self._room = Room(most)
        self._types: dict[str, int] = {}
        self._period = 0
        self._unread = 0
        self._refused = 0

    def check_unread(self) -> None:
        """Raise Overloaded if a call of which nothing has been read yet is of a type that has no room.

        That spares the wire and the router its records. It is of the only type there has been of late; if
        there were several, nothing is refused here. Some are read all the same.
        """
        if len(self._types) != 1:
            return
        if why := self._room.refusal(next(iter(self._types))):
            self._unread += 1
            if self._unread % _READ_EVERY:
                self._refuse(why)

    def check(self, data_type: str, seconds: float) -> None:
        """Raise Overloaded if a call of a type that has so much time left cannot be answered in it."""
        self._types[data_type] = self._period
        if seconds <= 0:
            self._refuse("its time was over before it was taken in")
        if why := self._room.refusal(data_type):
            self._refuse(why)

    def _refuse(self, why: str) -> None:
        self._refused += 1
        raise Overloaded(f"too much at once: {why}; send less or try again later", _RETRY_AFTER)

    def check_room(self, data_type: str) -> None:
        """Raise Overloaded if there is no room for a batch."""
        if why := self._room.refusal(data_type):
            self._refuse(why)

    def began(self, data_type: str) -> None:
        """A task is under way. A batch that is let in may be several, and is not refused for that."""
        self._room.take(data_type)

    def ended(self, data_type: str) -> None:
        """It is no more."""
        self._room.give_back(data_type)

    def answered(self, data_type: str) -> None:
        """At least one model has answered a task in time."""
        self._room.limit(data_type).answered(self._room.taken(data_type))

    def missed(self, data_type: str, took: float, now: float) -> None:
        """A task's deadline came, after `took` seconds, before any model had answered."""
        self._room.limit(data_type).missed(took, self._room.taken(data_type), now)

    async def run(self) -> None:
        """Forget types that are gone and say in the log when there is an overload, for ever."""
        refused = 0
        while True:
            await asyncio.sleep(_PERIOD_SECONDS)
            new, self._refused = self._refused, 0
            if new and not refused:
                _log.warning("the router refuses what could not be answered in time")
            refused += new
            if refused and not new:
                _log.info("the router refuses nothing any more", refused=refused)
                refused = 0
            self._forget()

    def _forget(self) -> None:
        self._period += 1
        for data_type, seen in list(self._types.items()):
            if self._period - seen > _TYPES_PERIODS:
                del self._types[data_type]
