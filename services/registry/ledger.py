"""Writes events that follow from what exists, so that two writers never write what contradicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hedgerow.errors import Unavailable
from hedgerow.v1.events_pb2 import ModelEvent
from hedgerow.v1.models_pb2 import Identity
from services.common.catalog import Catalog, position
from services.common.log import BEGINNING, Conflict, Mirror, ModelLog

Decide = Callable[[Catalog], ModelEvent | None]
"""What to append, given all that exists; None: nothing. Raises to refuse."""


class Ledger:
    """What exists, and the only way to change it."""

    def __init__(self, log: ModelLog, mirror: Mirror) -> None:
        self._log = log
        self._mirror = mirror

    @property
    def catalog(self) -> Catalog:
        """What exists. Raises Unavailable while the log is being read for the first time."""
        if not self._mirror.caught_up.is_set():
            raise Unavailable("the registry is still reading the log; try again in a moment")
        return self._mirror.catalog

    async def write(
        self, data_type: str, decide: Decide, by: Identity | None = None
    ) -> ModelEvent | None:
        """Append what `decide` makes of all that exists at that moment, with the time and who did it.

        It is asked again whenever another writer was faster; each such time one of them is done.
        Raises what `decide` raises, and Unavailable.
        """
        while True:
            seen = self.catalog.last_id(data_type)
            event = decide(self.catalog)
            if event is None:
                return None
            _sign(event, by)
            if await self._append(data_type, event, seen):
                return event

    async def catch_up(self) -> Catalog:
        """Return what exists, with all that anybody wrote before this was called.

        A log that has lost what was read of it is waited for until it is read again. Raises Unavailable.
        """
        while True:
            known, beginnings = self.catalog.last_ids(), self.catalog.beginnings
            ends = await self._log.ends()
            if not _are_beyond(known, ends):
                break
            await self._mirror.begin_again(beginnings)
        for data_type, last_id in ends.items():
            await self._mirror.reach(data_type, last_id)
        return self.catalog

    async def _append(self, data_type: str, event: ModelEvent, after: str) -> bool:
        """Append; return False once what came in between is known."""
        try:
            entry = await self._log.append(data_type, event, after)
        except Conflict as conflict:
            if position(conflict.last_id) < position(after):
                raise Unavailable("the log has lost entries and is being read again") from conflict
            await self._mirror.reach(data_type, conflict.last_id)
            return False
        self._mirror.accept(entry)
        return True


def _are_beyond(known: Mapping[str, str], ends: Mapping[str, str]) -> bool:
    """Tell whether an entry that is known is later than the last one that the log has."""
    return any(position(at) > position(ends.get(name, BEGINNING)) for name, at in known.items())


def _sign(event: ModelEvent, by: Identity | None) -> None:
    """Say when, and who. What is kept of an event itself says so too."""
    event.at.GetCurrentTime()
    if by is not None:
        event.by.CopyFrom(by)
    kind = event.WhichOneof("kind")
    if kind == "pushed":
        event.pushed.model.pushed_at.CopyFrom(event.at)
        event.pushed.model.pushed_by.CopyFrom(event.by)
    elif kind == "plan_applied":
        event.plan_applied.applied_at.CopyFrom(event.at)
        event.plan_applied.applied_by.CopyFrom(event.by)
