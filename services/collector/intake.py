"""Frames of results from hosts: read, counted, handed to their tasks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import structlog

from hedgerow.errors import InvalidInput
from hedgerow.v1.collection_pb2 import ReportRequest, TaskResult
from services.collector.tasks.open_tasks import OpenTasks
from services.collector.tasks.reports import Report, Result
from services.collector.tasks.statistics import Counts, Statistics

_log = structlog.get_logger()

_REFUSALS_LOGGED = 10
"""A host that makes no sense in every frame must not fill the disk."""


class Intake:
    """Takes the frames of all hosts."""

    def __init__(
        self,
        open_tasks: OpenTasks,
        statistics: Statistics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._open_tasks = open_tasks
        self._statistics = statistics
        self._clock = clock
        self._refused = 0

    def take(self, request: ReportRequest) -> None:
        """Take a frame. What a model says that does not fit together is a failure of its tasks.

        All else goes on. Models of one host say together what they say of the same tasks, and are judged
        together.
        """
        took = 0.0
        said: list[tuple[Report, list[Result]]] = []
        for message in (request, *request.more):
            results = message.results or request.results
            report, found = self._said(message, results, took)
            said.append((report, found))
            took += report.scoring
        self._open_tasks.report(said)

    def _said(
        self, message: ReportRequest, results: Sequence[TaskResult], took: float
    ) -> tuple[Report, list[Result]]:
        """Read what one model says, after those before it `took` so many seconds."""
        counts = self._statistics.of(message.data_type, message.model, message.version)
        try:
            return self._read(message, results, took, counts)
        except InvalidInput as error:
            self._refused += 1
            if self._refused <= _REFUSALS_LOGGED:
                model = f"{message.model}@{message.version}"
                _log.warning("a report makes no sense", model=model, reason=str(error))
            return self._failed(message, results, counts, str(error))

    def _read(
        self, message: ReportRequest, results: Sequence[TaskResult], took: float, counts: Counts
    ) -> tuple[Report, list[Result]]:
        report = Report(message, counts, self._clock())
        # Tasks told once, by the first model, have waited for those before this one as well.
        waited = 0.0 if message.results else took
        found: list[Result] = [
            (result.task_id, result.rows, result.queued_seconds + waited, result.failure, result)
            for result in results
        ]
        rows = sum([result[1] for result in found])
        if rows != len(report.values):
            raise InvalidInput(
                f"a report of {message.model}@{message.version} has {len(report.values)} rows of"
                f" predictions for tasks of {rows} rows"
            )
        if rows:
            counts.scoring.add(report.scoring)
        return report, found

    def _failed(
        self, message: ReportRequest, results: Sequence[TaskResult], counts: Counts, reason: str
    ) -> tuple[Report, list[Result]]:
        """Take what a model says for a word that all its tasks failed."""
        nothing = ReportRequest(
            data_type=message.data_type, model=message.model, version=message.version
        )
        found = [(result.task_id, 0, 0.0, reason, result) for result in results]
        return Report(nothing, counts, self._clock()), found
