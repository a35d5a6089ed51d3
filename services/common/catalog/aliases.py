"""An alias of a model's versions, with what it was before."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from google.protobuf.timestamp_pb2 import Timestamp

from hedgerow.v1.events_pb2 import AliasChange, TrackedAlias
from hedgerow.v1.models_pb2 import Identity

KEPT = 100
"""Changes of an alias that are remembered, and steps that it may go back."""


class Alias:
    """One alias. One that was deleted is still there, for its history, and points to 0.

    What it goes back to is a stack of other versions, each in it once: a rollback takes versions off it, so
    that a second one goes further back and never returns to what the first one left.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.version = 0
        self.lost = False
        """The log does not have it any more; it is remembered here."""
        self.before: list[int] = []
        self.changes: deque[AliasChange] = deque(maxlen=KEPT)

    def point(self, version: int, at: Timestamp, by: Identity) -> None:
        """Have it point to another version."""
        self._remember_all_but(version)
        self._move(AliasChange(at=at, version=version, by=by))

    def go_back(self, version: int, at: Timestamp, by: Identity) -> None:
        """Have it point to a version that it pointed to before."""
        if version in self.before:
            self.before = self.before[: self.before.index(version)]
        self._move(AliasChange(at=at, version=version, rollback=True, by=by))

    def delete(self, at: Timestamp, by: Identity) -> None:
        """Have it point nowhere; what it was before stays what it may go back to, once it is set again."""
        self._remember_all_but(0)
        self._move(AliasChange(at=at, by=by))

    def goes_back_to(self, is_usable: Callable[[int], bool]) -> int:
        """Return the version that a rollback leads to, 0 if there is none."""
        return next((number for number in reversed(self.before) if is_usable(number)), 0)

    def _remember_all_but(self, version: int) -> None:
        """Have a rollback lead from `version` to what it points to now, and then to those before."""
        left = [self.version] if self.version else []
        others = [number for number in self.before if number != self.version]
        self.before = [number for number in [*others, *left] if number != version][-KEPT:]

    def _move(self, change: AliasChange) -> None:
        self.version = change.version
        self.lost = False
        self.changes.append(change)

    def to_proto(self) -> TrackedAlias:
        """Return all of it."""
        return TrackedAlias(
            alias=self.name, changes=self.changes, before=self.before, version=self.version
        )

    def as_lost(self) -> Alias:
        """Return a copy of one that the log does not have any more."""
        copy = Alias.from_proto(self.to_proto())
        copy.lost = True
        return copy

    @staticmethod
    def from_proto(tracked: TrackedAlias) -> Alias:
        """Return the alias that was told."""
        alias = Alias(tracked.alias)
        alias.version = tracked.version
        alias.before = list(tracked.before)
        for change in tracked.changes:
            copy = AliasChange()
            copy.CopyFrom(change)
            alias.changes.append(copy)
        return alias
