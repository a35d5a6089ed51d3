"""Versions that are given up: those that cannot be loaded, and those whose hosts keep dying."""

from collections import deque
from collections.abc import Collection

from services.common.recent_versions import VersionKey


class Quarantine:
    """Counts deaths. A version stays given up for as long as the executor lives."""

    def __init__(self, deaths: int, window_seconds: float) -> None:
        self.reasons: dict[VersionKey, str] = {}
        self._deaths = deaths
        self._window = window_seconds
        self._recent: dict[VersionKey, deque[float]] = {}

    @property
    def keys(self) -> Collection[VersionKey]:
        """The versions that are given up."""
        return self.reasons.keys()

    def refuse(self, key: VersionKey, reason: str) -> None:
        """Give a version up at once."""
        self.reasons[key] = reason

    def count_death(self, key: VersionKey, reason: str, now: float) -> bool:
        """Count a death; True if it was one too many and the version is given up from now on."""
        recent = self._recent.setdefault(key, deque())
        recent.append(now)
        while recent[0] < now - self._window:
            recent.popleft()
        if len(recent) < self._deaths:
            return False
        del self._recent[key]
        self.refuse(key, f"died {self._deaths} times in {self._window:g} s; the last time {reason}")
        return True
