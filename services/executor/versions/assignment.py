"""What this executor is to run, of all that the catalog wants, after all that it has met with.

What failed here is known to the log, so it is not tried again after a restart, until somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Set

from hedgerow.v1.models_pb2 import VERSION_STATE_QUARANTINED, ExecutorReport
from services.common.catalog import Catalog, is_bad, is_final
from services.common.recent_versions import VersionKey
from services.executor.versions.desired import Desired, desired
from services.executor.versions.served import Served
from services.executor.versions.setbacks import Setbacks
from services.executor.versions.takeovers import Takeovers


class Assignment:
    """Of one executor."""

    def __init__(
        self, catalog: Catalog, served: Served, new_setbacks: Callable[[], Setbacks]
    ) -> None:
        self._catalog = catalog
        self._served = served
        self._new_setbacks = new_setbacks
        self._takeovers = Takeovers()
        self._beginnings = catalog.beginnings
        self._told: set[VersionKey] = set()
        """Versions that have failed, for good or until something is changed, as the log knows."""
        self.setbacks = self._new_setbacks()
        self.address = ""
        """Of the executor, by which the log knows it; once it serves."""

    def look_for_another_log(self) -> None:
        """If the log began anew, forget how versions fared: each may be another one by now."""
        if self._beginnings != self._catalog.beginnings:
            self._beginnings = self._catalog.beginnings
            self.setbacks = self._new_setbacks()
            self._told.clear()

    def now(self, serving: Set[VersionKey]) -> Desired:
        """Return what is to run, given what serves here."""
        self._forgive()
        found = self._desired()
        while failed := [key for key in found.versions if self._failed_before(key)]:
            for key in failed:
                self._give_up(key)
            found = self._desired()
        if self._takeovers.look(found.successions, serving, self._has_served):
            found = self._desired()
        return found

    def _desired(self) -> Desired:
        setbacks = self.setbacks
        return desired(
            self._catalog,
            self._served,
            setbacks.given_up.keys(),
            setbacks.held_back,
            self._takeovers.settled,
        )

    def _forgive(self) -> None:
        """Try again at once what has failed, where somebody had the log forget it."""
        failed = {*self.setbacks.given_up, *self.setbacks.failed}
        self._told &= failed
        for key in failed:
            if (report := self._report(key)) is not None and is_bad(report):
                self._told.add(key)
            elif key in self._told:
                self._told.discard(key)
                self.setbacks.forgive(key)

    def _failed_before(self, key: VersionKey) -> bool:
        report = self._report(key)
        return report is not None and is_final(report) and key not in self.setbacks.given_up

    def _give_up(self, key: VersionKey) -> None:
        report = self._report(key)
        assert report is not None
        self._told.add(key)
        self.setbacks.give_up(key, report.reason, report.state == VERSION_STATE_QUARANTINED)

    def _report(self, key: VersionKey) -> ExecutorReport | None:
        return self._catalog.report(*key, self.address)

    def _has_served(self, key: VersionKey) -> bool:
        return self._catalog.has_served(*key)
