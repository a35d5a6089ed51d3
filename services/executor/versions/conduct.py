"""How versions behave, and which may share a process for it. Pure.

A version that is new, or whose host has died, shows by itself for a while that it behaves. If a process
that several share is lost it is taken apart, and each is on its own: who is to blame is found there, and
those who are not move back together. Whoever was being called when it was lost stays alone longer than the
others, and longer each time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from time import monotonic

from services.common.recent_versions import VersionKey

_LONGER = 4
"""Times as long a version stays alone when it seems to be to blame."""

_LONGEST_SECONDS = 3600.0


@dataclass(slots=True)
class _Conduct:
    """Of one version."""

    since: float
    """When it began to behave, by the monotonic clock."""
    alone_seconds: float
    """For so long it must behave alone."""
    reason: str = ""
    """Why it must do so again."""
    was_lost: bool = False
    """It has not served since."""


class Conduct:
    """Of all versions of an executor."""

    def __init__(self, alone_seconds: float, clock: Callable[[], float] = monotonic) -> None:
        """A version that has behaved for `alone_seconds` may share a process."""
        self._alone_seconds = alone_seconds
        self._clock = clock
        self._known: dict[VersionKey, _Conduct] = {}

    def serves(self, key: VersionKey) -> None:
        """A host of a version serves. From the first on it behaves, and from the first after a loss."""
        known = self._known.get(key)
        if known is None:
            self._known[key] = _Conduct(self._clock(), self._alone_seconds)
        elif known.was_lost:
            known.since, known.was_lost = self._clock(), False

    def died(self, key: VersionKey, reason: str) -> None:
        """A host that a version had for itself has died."""
        self._begin_anew(key, reason, _LONGER)

    def lost_together(
        self, keys: Collection[VersionKey], blamed: VersionKey | None, reason: str
    ) -> None:
        """A process of several has died, or could not be started; `blamed` was being called or loaded."""
        for key in keys:
            if key == blamed:
                self._begin_anew(
                    key, f"it was to blame when the process of several {reason}", _LONGER
                )
            else:
                longer = 1 if blamed is not None else 2
                self._begin_anew(key, f"the process that it shared {reason}", longer)

    def begins_anew(self, key: VersionKey, reason: str) -> None:
        """A version is to stay alone for a while, by no fault of its own."""
        self._begin_anew(key, reason, 1)

    def behaved_before(self, key: VersionKey) -> None:
        """A version behaved on an executor before, which counts as long as nothing is known of it here."""
        self._known.setdefault(
            key, _Conduct(self._clock() - self._alone_seconds, self._alone_seconds)
        )

    def is_blemished(self, key: VersionKey) -> bool:
        """Tell whether a version must be alone for what it or others did."""
        known = self._known.get(key)
        return bool(known and known.reason and self.seconds_left(key) > 0)

    def seconds_left(self, key: VersionKey) -> float:
        """Return for how long a version must still behave alone; 0 or less: it may share."""
        known = self._known.get(key)
        return known.since + known.alone_seconds - self._clock() if known else self._alone_seconds

    def reason(self, key: VersionKey) -> str:
        """Return why a version must be alone, for people."""
        known = self._known.get(key)
        seconds = known.alone_seconds if known else self._alone_seconds
        why = known.reason if known and known.reason else "it is new"
        return f"{why}; it may share a process when it has behaved for {seconds:g} s"

    def keep(self, keys: Collection[VersionKey]) -> None:
        """Forget all other versions."""
        for key in self._known.keys() - set(keys):
            del self._known[key]

    def _begin_anew(self, key: VersionKey, reason: str, longer: int) -> None:
        known = self._known.setdefault(key, _Conduct(0.0, self._alone_seconds))
        known.since = self._clock()
        known.was_lost = True
        known.alone_seconds = min(
            known.alone_seconds * longer, max(_LONGEST_SECONDS, self._alone_seconds)
        )
        known.reason = reason
