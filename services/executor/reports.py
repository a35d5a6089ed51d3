"""Tells the log how versions are on this executor: that they load, serve, or have failed.

So the registry can sum it up, a failure is known after a restart of everything, and whoever watches the log
learns of it. An event is written only when something is otherwise than the log has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import structlog

from hedgerow.errors import Unavailable
from hedgerow.v1.events_pb2 import ModelEvent, VersionReported
from hedgerow.v1.models_pb2 import (
    VERSION_STATE_LIVE,
    VERSION_STATE_LOADING,
    VERSION_STATE_PUSHED,
    ExecutorReport,
    VersionName,
)
from services.common.catalog import is_final
from services.common.log import Mirror, ModelLog
from services.common.recent_versions import VersionKey

_log = structlog.get_logger()

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 10.0
"""Seconds until what could not be written is tried again; doubled from try to try."""

_HERE = (VERSION_STATE_LOADING, VERSION_STATE_LIVE)


class Reports:
    """The states of all versions of an executor."""

    def __init__(self, log: ModelLog, mirror: Mirror) -> None:
        self._log = log
        self._mirror = mirror
        self._states: dict[VersionKey, ExecutorReport] = {}
        self._told: set[VersionKey] = set()
        """Versions of which the log knows something of this executor."""
        self._changed = asyncio.Event()

    def publish(self, states: Mapping[VersionKey, ExecutorReport]) -> None:
        """Say how all versions are now, at each change of the catalog, too. Others are not here."""
        self._states = dict(states)
        self._changed.set()

    async def run(self, address: str) -> None:
        """Write what is new, for ever, as the executor at an address."""
        versions = self._mirror.catalog.versions()
        self._told = {VersionKey.of(v.model) for v in versions if address in v.life.reports}
        self._changed.set()
        pause = _FIRST_PAUSE
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._write(address)
            except Unavailable as error:
                if pause == _FIRST_PAUSE:
                    _log.info("how versions are here could not be told", reason=str(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
                self._changed.set()
            else:
                pause = _FIRST_PAUSE

    async def _write(self, address: str) -> None:
        for key in self._states.keys() | self._told:
            news = self._news(key, address)
            if news is not None:
                await self._append(key, news, address)
            if key not in self._states:
                self._told.discard(key)

    def _news(self, key: VersionKey, address: str) -> ExecutorReport | None:
        """Return what the log does not know of a version; None: nothing."""
        catalog = self._mirror.catalog
        report, known = self._states.get(key), catalog.report(*key, address)
        if catalog.find(*key) is None:
            return None  # the log knows nothing of it, and is told when it does
        if report is None:
            is_here = known is not None and known.state in _HERE
            return ExecutorReport(state=VERSION_STATE_PUSHED) if is_here else None
        return report if known is None or _differ(report, known) else None

    async def _append(self, key: VersionKey, report: ExecutorReport, address: str) -> None:
        told = ExecutorReport()
        told.CopyFrom(report)
        told.executor = address
        name = VersionName(name=key.name, version=key.version)
        event = ModelEvent(reported=VersionReported(model=name, report=told))
        event.at.GetCurrentTime()
        self._told.add(key)
        entry = await self._log.report(key.data_type, event)
        await self._mirror.reach(key.data_type, entry.id)


def _differ(report: ExecutorReport, written: ExecutorReport) -> bool:
    """Tell whether there is news. A version that loads again is none: it served here a moment ago.

    Neither is anything of one that has failed for good, until that is taken back.
    """
    if is_final(written) and not is_final(report):
        return False
    if report.state == VERSION_STATE_LOADING and written.state == VERSION_STATE_LIVE:
        return False
    if report.tried_again and written.tried_again:
        return False  # the reason tells when the next try is, and would be another each time
    if report.HasField("task_seconds") and bool(report.task_seconds) != bool(written.task_seconds):
        return True
    return (report.state, report.reason) != (written.state, written.reason)
