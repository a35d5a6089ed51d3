"""How many tasks are under way, and whose: one type's flood leaves room for the others."""

from __future__ import annotations

from collections import Counter

from services.router.admission.limit import Limit

_RESERVED = 10
"""A tenth of the room is for types that have less than their share."""
_MOST_LIMITS = 4096
"""Of data types without tasks; what a limit has learnt is cheap to learn again."""


class Room:
    """Counts the tasks under way by data type, and holds what each type may have."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken: Counter[str] = Counter()
        self._total = 0
        self._limits: dict[str, Limit] = {}

    def taken(self, data_type: str) -> int:
        """Return how many tasks of a type are under way."""
        return self._taken.get(data_type, 0)

    def limit(self, data_type: str) -> Limit:
        """Return the limit of a type."""
        return self._limits.get(data_type) or self._limits.setdefault(data_type, Limit())

    def refusal(self, data_type: str) -> str:
        """Say why one more task of a type may not come; empty if it may."""
        here = self.taken(data_type)
        limit = self._limits.get(data_type)
        if limit is not None and here >= limit.tasks:
            return f"{here} batches of {data_type!r} are in flight, as many as are answered in time"
        if self._total >= self._most or not self._has_share(here):
            return f"{self._total} batches are in flight"
        return ""

    def _has_share(self, here: int) -> bool:
        if self._total < self._most - self._most // _RESERVED:
            return True
        types = len(self._taken) + (here == 0)
        return here * (types + 1) < self._most

    def take(self, data_type: str) -> None:
        """A task has come."""
        self._taken[data_type] += 1
        self._total += 1

    def give_back(self, data_type: str) -> None:
        """It is done."""
        self._total -= 1
        self._taken[data_type] -= 1
        if not self._taken[data_type]:
            del self._taken[data_type]
            if len(self._limits) > _MOST_LIMITS:
                self._limits.pop(data_type, None)
