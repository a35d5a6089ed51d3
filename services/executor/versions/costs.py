"""What a task costs on each version: seconds of scoring, as they were measured. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from services.common.recent_versions import VersionKey
from services.executor.work_done import WorkDone

_MEMORY_TASKS = 20
"""Tasks after which a cost that was learnt before counts for half."""


class Costs:
    """Of all versions of an executor.

    A task is what a caller sent: one record or a batch. Tasks that waited together are scored in one call,
    and share what it took.
    """

    def __init__(self) -> None:
        self._seconds: dict[VersionKey, float] = {}
        self._seen: dict[VersionKey, tuple[int, float]] = {}

    def warmed_up(self, key: VersionKey, row_seconds: float | None) -> None:
        """Take what one record took before it served, as long as nothing better is known."""
        if row_seconds is not None:
            self._seconds.setdefault(key, row_seconds)

    def look(self, done: Iterable[tuple[VersionKey, WorkDone]]) -> None:
        """Take in what versions have done since they were begun with; to be called again and again."""
        for key, work in done:
            tasks, seconds = self._seen.get(key, (0, 0.0))
            more = work.tasks - tasks
            if more > 0:
                each = (work.scoring_seconds - seconds) / more
                before = self._seconds.get(key, each)
                share = more / (more + _MEMORY_TASKS)
                self._seconds[key] = before + share * (each - before)
            if more:  # less, too: it began anew
                self._seen[key] = work.tasks, work.scoring_seconds

    def of(self, key: VersionKey) -> float | None:
        """Return the seconds that a task takes on a version; None: not known."""
        return self._seconds.get(key)

    def keep(self, keys: Iterable[VersionKey]) -> None:
        """Forget all other versions."""
        kept = set(keys)
        for table in (self._seconds, self._seen):
            for key in table.keys() - kept:
                del table[key]
