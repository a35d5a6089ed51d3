"""What keeps versions from serving, and what follows from it.

- A *refusal* is final: the model itself cannot be loaded, and trying again would not change that.
- A *death* is a defect of the model or of what runs it. Its hosts are replaced, the first at once; a
  version whose hosts die again and again is given up.
- A *circumstance* says nothing of the model: the log is out of reach, the disk full, a fork server lost.
  It is tried again for as long as it is wanted. One that *lasts* does not pass by itself, as when there is
  no room for another host or on the disk, or a file that is not what was pushed: the version has failed as
  things are, and is tried again when there is room. Where that is not seen, or somebody must change
  something, pauses are long, for each try may move half a gigabyte.

Pauses between the tries of a version double, and begin anew once it serves or, after deaths, has served
for a while.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import Enum, auto
from time import monotonic

from services.common.recent_versions import VersionKey

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 15.0
"""Seconds before the third try and the longest. The second follows at once, for most hosts die once."""

_FIRST_LONG_PAUSE, _LONGEST_LONG_PAUSE = 15.0, 600.0
"""The same of what costs a lot to try."""

_ENOUGH = 2
"""Failures in a row after which the version before is wanted too: one alone will be over in a moment."""


class Lasts(Enum):
    """How long a circumstance may last."""

    A_WHILE = auto()
    """It passes by itself."""
    UNTIL_PORT = auto()
    """Until there is a port for another host."""
    UNTIL_ROOM = auto()
    """Until there is room on the disk."""
    UNTIL_CHANGED = auto()
    """Until somebody has changed something outside."""


_COSTLY = (Lasts.UNTIL_ROOM, Lasts.UNTIL_CHANGED)


@dataclass(slots=True)
class _Trouble:
    """Of one version."""

    reason: str = ""
    """Of the last failure; empty once it serves."""
    until: float = 0.0
    """When it is tried again, by the monotonic clock."""
    circumstances: int = 0
    """In a row."""
    lasts: Lasts = Lasts.A_WHILE
    """The last of them."""
    served: float = 0.0
    """Seconds that all its hosts have served."""
    deaths: deque[float] = field(default_factory=deque)
    """What `served` was at each of them."""

    @property
    def in_a_row(self) -> int:
        return max(self.circumstances, len(self.deaths))


class Setbacks:
    """Of all versions of an executor."""

    def __init__(
        self, deaths: int, window_seconds: float, clock: Callable[[], float] = monotonic
    ) -> None:
        """A version is given up at so many deaths within so many seconds of serving.

        The time of loading does not count: what is slow to load and dies then would never be given up.
        """
        self.given_up: dict[VersionKey, str] = {}
        """Why, in the words of the last failure."""
        self.quarantined: set[VersionKey] = set()
        """Those of `given_up` that killed their hosts."""
        self._deaths = deaths
        self._window = window_seconds
        self._clock = clock
        self._troubles: dict[VersionKey, _Trouble] = {}

    def refuse(self, key: VersionKey, reason: str) -> None:
        """Give a version up at once."""
        self.given_up[key] = reason
        self._troubles.pop(key, None)

    def give_up(self, key: VersionKey, reason: str, quarantined: bool) -> None:
        """Give a version up that was given up before this process started."""
        self.refuse(key, reason)
        if quarantined:
            self.quarantined.add(key)

    def forgive(self, key: VersionKey) -> None:
        """Try a version again that has failed, as if it were new."""
        self.given_up.pop(key, None)
        self._troubles.pop(key, None)
        self.quarantined.discard(key)

    def died(self, key: VersionKey, reason: str, served_seconds: float) -> None:
        """Count a death of a host that had served for so long, 0 if it never did."""
        trouble = self._trouble(key)
        trouble.served += served_seconds
        deaths = trouble.deaths
        deaths.append(trouble.served)
        while deaths[0] < trouble.served - self._window:
            deaths.popleft()
        if len(deaths) < self._deaths:
            self._postpone(trouble, reason, len(deaths))
        else:
            self.refuse(
                key, f"died {len(deaths)} times in {self._window:g} s; the last time {reason}"
            )
            self.quarantined.add(key)

    def prevented(self, key: VersionKey, reason: str, lasts: Lasts = Lasts.A_WHILE) -> None:
        """Note a circumstance: a host could not start, or ended, by nothing that the model did."""
        trouble = self._trouble(key)
        least = 0 if lasts is Lasts.A_WHILE else _ENOUGH
        trouble.circumstances = max(trouble.circumstances + 1, least)
        self._postpone(trouble, reason, trouble.circumstances, lasts)

    def room(self, of: Lasts) -> None:
        """There is again what some lacked: they may be tried at once."""
        for trouble in self._troubles.values():
            if trouble.lasts is of:
                trouble.until = self._clock()

    def serves(self, key: VersionKey) -> None:
        """A host of the version serves: whatever was in the way is over."""
        if (trouble := self._troubles.get(key)) is not None:
            trouble.reason, trouble.circumstances, trouble.lasts = "", 0, Lasts.A_WHILE

    def pause(self, key: VersionKey) -> float:
        """Return the seconds until the version may be tried again; 0 or less: now."""
        trouble = self._troubles.get(key)
        return trouble.until - self._clock() if trouble and trouble.reason else 0.0

    @property
    def held_back(self) -> Collection[VersionKey]:
        """The versions that are tried again, in vain until now."""
        return [
            key
            for key, trouble in self._troubles.items()
            if trouble.reason and trouble.in_a_row >= _ENOUGH
        ]

    @property
    def waiting(self) -> dict[VersionKey, str]:
        """What is told of the versions that will be tried again."""
        return {key: trouble.reason for key, trouble in self._troubles.items() if trouble.reason}

    @property
    def failed(self) -> Collection[VersionKey]:
        """Those of `waiting` that have failed as things are: what is in the way does not pass by itself."""
        return {
            key
            for key, trouble in self._troubles.items()
            if trouble.reason and trouble.lasts is not Lasts.A_WHILE
        }

    def keep(self, wanted: Collection[VersionKey]) -> None:
        """Forget what was in the way of versions that are not wanted any more; given up they stay."""
        for key in self._troubles.keys() - wanted:
            del self._troubles[key]

    def _trouble(self, key: VersionKey) -> _Trouble:
        return self._troubles.setdefault(key, _Trouble())

    def _postpone(
        self, trouble: _Trouble, reason: str, in_a_row: int, lasts: Lasts = Lasts.A_WHILE
    ) -> None:
        first, longest = _FIRST_PAUSE, _LONGEST_PAUSE
        if lasts in _COSTLY:
            first, longest = _FIRST_LONG_PAUSE, _LONGEST_LONG_PAUSE
        pause = min(first * 2 ** (in_a_row - _ENOUGH), longest) if in_a_row >= _ENOUGH else 0.0
        trouble.until = self._clock() + pause
        trouble.lasts = lasts
        again = f"tried again after {pause:g} s" if pause else "tried again at once"
        again = "tried again when there is room" if lasts is Lasts.UNTIL_ROOM else again
        trouble.reason = f"{reason}; {again}"
