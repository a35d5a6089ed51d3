"""How many entries are read at once: as many as make a batch, as far as it is known how large they are.

Redis tells it of nobody before they are read, and an entry may have one record or thousands. So after
entries that were smaller than those before, reads grow slowly, and after larger ones they shrink at once.
"""

from __future__ import annotations

from collections.abc import Callable

_KNOWN_SECONDS = 60.0
"""For how long what was read says how large the next entries are."""

_GROWS = 2
"""Times as many entries as were read the last time, at the most."""


class ReadSize:
    """Of one partition. `clock` is the loop's."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._rows_an_entry = 1.0
        self._most = 1
        self._known_until = float("-inf")

    def entries(self, rows: int) -> int:
        """Return how many entries probably have so many rows, or fewer; at least one."""
        if self._clock() >= self._known_until:
            return 1
        return max(min(int(rows / self._rows_an_entry), self._most), 1)

    def seen(self, entries: int, rows: int) -> None:
        """So many entries were read, one at least, with so many rows."""
        self._rows_an_entry = max(rows / entries, 1.0)
        self._most = entries * _GROWS
        self._known_until = self._clock() + _KNOWN_SECONDS
