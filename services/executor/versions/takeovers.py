"""Which versions have taken over here from those before them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Set

from services.common.catalog import Succession
from services.common.recent_versions import VersionKey

DataTypeSuccession = tuple[str, Succession]


class Takeovers:
    """Remembers what is settled: until then the version before is kept, and loaded again if it has gone.

    What had been settled before this executor started was so elsewhere: a version that has served before is
    not doubled at each start of an executor.
    """

    def __init__(self) -> None:
        self.settled: set[DataTypeSuccession] = set()
        self._began = False

    def look(
        self,
        successions: Collection[DataTypeSuccession],
        serving: Set[VersionKey],
        has_served: Callable[[VersionKey], bool],
    ) -> bool:
        """Take in what is to take over and what serves here; return whether anything is settled now."""
        before = self.settled
        self.settled = before & set(successions)
        for data_type, one in successions:
            target = VersionKey(data_type, one.name, one.target)
            if target in serving or (not self._began and has_served(target)):
                self.settled.add((data_type, one))
        self._began = True
        return bool(self.settled - before)
