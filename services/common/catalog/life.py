"""The life of a version: what executors report of it, and what somebody decided about it."""

from __future__ import annotations

from collections.abc import Iterable

from google.protobuf.timestamp_pb2 import Timestamp

from hedgerow.v1 import models_pb2 as pb

_OVER = (pb.VERSION_STATE_RETIRED, pb.VERSION_STATE_DELETED)
_BAD = (pb.VERSION_STATE_QUARANTINED, pb.VERSION_STATE_FAILED)
_RUNS = (pb.VERSION_STATE_LIVE, pb.VERSION_STATE_LOADING)

_MOST_KEPT = 16
"""Executors of which is kept that it failed there, or served: those that are gone leave that behind."""


class Life:
    """Of one version. Retired and deleted it stays; what executors report comes and goes."""

    def __init__(self) -> None:
        self.reports: dict[str, pb.ExecutorReport] = {}
        self.has_served = False
        self.task_seconds = 0.0
        """What a task took on it when it began to share a process; 0: it does not, or must not any more."""
        self._served_by: dict[str, None] = {}
        self._over: pb.VersionState = pb.VERSION_STATE_UNSPECIFIED

    @property
    def state(self) -> pb.VersionState:
        """The states of all executors in one; see VersionLife.state."""
        if self._over:
            return self._over
        states = {report.state for report in self.reports.values()}
        order = (*_RUNS, *_BAD)
        return next((state for state in order if state in states), pb.VERSION_STATE_PUSHED)

    @property
    def reason(self) -> str:
        """Why it failed or is quarantined; empty unless that is its state."""
        state = self.state
        reports = [r for r in self.reports.values() if r.state == state and r.reason]
        return max(reports, key=_when).reason if reports and state in _BAD else ""

    @property
    def is_over(self) -> bool:
        """It is retired, or deleted too."""
        return self._over in _OVER

    @property
    def is_deleted(self) -> bool:
        """Its bytes are gone."""
        return self._over == pb.VERSION_STATE_DELETED

    @property
    def is_live(self) -> bool:
        """An executor serves it now."""
        return any(r.state == pb.VERSION_STATE_LIVE for r in self.reports.values())

    @property
    def has_failed(self) -> bool:
        """It failed, or is quarantined, and no executor has it, tries it again, or had it without harm."""
        reports = self.reports.values()
        return bool(reports) and not self._served_by and all(is_final(r) for r in reports)

    @property
    def failures(self) -> list[pb.ExecutorReport]:
        """Where it failed, or is quarantined, whether it is live elsewhere or not."""
        return [report for report in self.reports.values() if is_bad(report)]

    @property
    def is_usable(self) -> bool:
        """It may serve."""
        return not self.is_over and not self.has_failed

    def report(self, report: pb.ExecutorReport, at: Timestamp) -> None:
        """Take what an executor says of it now. What failed there for good stays so until `retry`."""
        executor = report.executor
        before = self.reports.get(executor)
        if before is not None and is_final(before) and report.state not in _BAD:
            return
        self.reports.pop(executor, None)
        if report.state != pb.VERSION_STATE_PUSHED:
            told = self.reports[executor] = pb.ExecutorReport()
            told.CopyFrom(report)
            told.since.CopyFrom(at)
        self._remember(report)
        failures = sorted((r for r in self.reports.values() if is_final(r)), key=_when)
        for known in failures[:-_MOST_KEPT]:
            del self.reports[known.executor]

    def _remember(self, report: pb.ExecutorReport) -> None:
        """Remember where it served and that it did, and whether it may share a process."""
        if is_bad(report):
            self.task_seconds = 0.0
        elif report.HasField("task_seconds"):
            self.task_seconds = report.task_seconds
        if report.state == pb.VERSION_STATE_LIVE:
            self.has_served = True
            self._served_by.pop(report.executor, None)
            self._served_by[report.executor] = None
            while len(self._served_by) > _MOST_KEPT:
                del self._served_by[next(iter(self._served_by))]
        elif is_final(report):
            self._served_by.pop(report.executor, None)

    def retry(self) -> None:
        """Forget that it failed."""
        self.reports = {name: r for name, r in self.reports.items() if not is_bad(r)}

    def retire(self) -> None:
        """It never serves again."""
        if not self._over:
            self._over = pb.VERSION_STATE_RETIRED

    def delete(self) -> None:
        """It never serves again, and its bytes are gone."""
        self._over = pb.VERSION_STATE_DELETED

    def to_proto(self, aliases: Iterable[str] = ()) -> pb.VersionLife:
        """Return all of it; the aliases are others' to know."""
        return pb.VersionLife(
            state=self.state,
            reason=self.reason,
            executors=[self.reports[name] for name in sorted(self.reports)],
            has_served=self.has_served,
            aliases=sorted(aliases),
            served_by=self._served_by,
            task_seconds=self.task_seconds,
        )

    @staticmethod
    def from_proto(life: pb.VersionLife) -> Life:
        """Return the life that was told."""
        made = Life()
        for report in life.executors:
            copy = made.reports[report.executor] = pb.ExecutorReport()
            copy.CopyFrom(report)
        made.has_served = life.has_served
        made.task_seconds = life.task_seconds
        made._served_by = dict.fromkeys(life.served_by)
        made._over = life.state if life.state in _OVER else pb.VERSION_STATE_UNSPECIFIED
        return made


def _when(report: pb.ExecutorReport) -> tuple[int, int, str]:
    """Return what reports are ordered by; the order in which they are held is another after a snapshot."""
    return report.since.seconds, report.since.nanos, report.executor


def is_bad(report: pb.ExecutorReport) -> bool:
    """Tell whether a report says that the version failed, or is quarantined."""
    return report.state in _BAD


def is_final(report: pb.ExecutorReport) -> bool:
    """Tell whether a report says that the version failed and is not tried again by itself."""
    return is_bad(report) and not report.tried_again
