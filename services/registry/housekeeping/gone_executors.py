"""Takes back what executors said that are gone: what they served nobody serves any more."""

from __future__ import annotations

import time
from collections import defaultdict
from datetime import timedelta

import structlog

from hedgerow.errors import Unavailable
from hedgerow.v1.events_pb2 import ModelEvent, VersionReported
from hedgerow.v1.models_pb2 import VERSION_STATE_PUSHED, ExecutorReport, VersionName
from services.common.catalog import Catalog, Version, is_final
from services.common.log import Members
from services.registry.ledger import Ledger

_log = structlog.get_logger()


class GoneExecutors:
    """Those that have held no lease for a while. What failed on them stays known."""

    def __init__(self, ledger: Ledger, members: Members, after: timedelta) -> None:
        self._ledger = ledger
        self._members = members
        self._after = after.total_seconds()
        self._missing: dict[str, float] = {}
        """Since when."""

    async def look(self) -> None:
        """Take back what those said that are gone by now. Raises Unavailable."""
        try:
            here = set(await self._members.list("executor"))
        except Unavailable:
            self._missing.clear()  # leases run out that their holders cannot renew
            raise
        now, said = time.monotonic(), _said(self._ledger.catalog)
        missing = said.keys() - here
        self._missing = {executor: self._missing.get(executor, now) for executor in missing}
        for executor, since in self._missing.items():
            if now - since >= self._after:
                _log.info("an executor is gone", executor=executor, versions=len(said[executor]))
                for version in said[executor]:
                    await self._take_back(version, executor)

    async def _take_back(self, version: Version, executor: str) -> None:
        said = version.model.descriptor
        name = VersionName(name=said.name, version=version.model.version)

        def decide(catalog: Catalog) -> ModelEvent | None:
            report = catalog.report(said.data_type, *_key(name), executor)
            if report is None or is_final(report):
                return None
            gone = ExecutorReport(executor=executor, state=VERSION_STATE_PUSHED)
            return ModelEvent(reported=VersionReported(model=name, report=gone))

        await self._ledger.write(said.data_type, decide)


def _said(catalog: Catalog) -> dict[str, list[Version]]:
    """Return what each executor says to load, to serve, or to try again."""
    found: dict[str, list[Version]] = defaultdict(list)
    for version in catalog.versions():
        for executor, report in version.life.reports.items():
            if not is_final(report):
                found[executor].append(version)
    return found


def _key(name: VersionName) -> tuple[str, int]:
    return name.name, name.version
