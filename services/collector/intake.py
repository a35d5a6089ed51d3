"""Frames of results from hosts: read, counted, handed to their tasks."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from hedgerow.errors import InvalidInput
from hedgerow.v1.collection_pb2 import ReportRequest
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
        """Take a frame. If it does not fit together, its tasks have failed; other frames go on."""
        counts = self._statistics.of(request.data_type, request.model, request.version)
        try:
            report, results = self._read(request, counts)
        except InvalidInput as error:
            self._refused += 1
            if self._refused <= _REFUSALS_LOGGED:
                model = f"{request.model}@{request.version}"
                _log.warning("a report makes no sense", model=model, reason=str(error))
            report, results = self._failed(request, counts, str(error))
        self._open_tasks.report(report, results)

    def _read(self, request: ReportRequest, counts: Counts) -> tuple[Report, list[Result]]:
        report = Report(request, counts, self._clock())
        results: list[Result] = [
            (result.task_id, result.rows, result.queued_seconds, result.failure, result)
            for result in request.results
        ]
        rows = sum([result[1] for result in results])
        if rows != len(report.values):
            raise InvalidInput(
                f"a report of {request.model}@{request.version} has {len(report.values)} rows of"
                f" predictions for tasks of {rows} rows"
            )
        if rows:
            counts.scoring.add(report.scoring)
        return report, results

    def _failed(
        self, request: ReportRequest, counts: Counts, reason: str
    ) -> tuple[Report, list[Result]]:
        """Take a frame for one that says of all its tasks that they failed."""
        nothing = ReportRequest(
            data_type=request.data_type, model=request.model, version=request.version
        )
        results = [(result.task_id, 0, 0.0, reason, result) for result in request.results]
        return Report(nothing, counts, self._clock()), results
