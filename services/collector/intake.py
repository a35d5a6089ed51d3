"""Frames of results from hosts: read, counted, handed to their tasks."""

from __future__ import annotations

import time
from collections.abc import Callable

from hedgerow.errors import InvalidInput
from hedgerow.v1.collection_pb2 import ReportRequest
from services.collector.tasks.open_tasks import OpenTasks
from services.collector.tasks.reports import Report, Result
from services.collector.tasks.statistics import Statistics


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

    def take(self, request: ReportRequest) -> None:
        """Take a frame. Raises InvalidInput, which ends the stream, if it does not fit together."""
        counts = self._statistics.of(request.data_type, request.model, request.version)
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
        self._open_tasks.report(report, results)
