"""Scores what waits: tasks in, results out. Knows neither gRPC nor Redis.

Tasks that wait together are joined where their records have the same layout and scored in one call. A
task that fails must not take its neighbours with it: a joined batch that fails is scored again task by
task.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import structlog

from hedgerow.data.predictions import Predictions
from hedgerow.data.records import Batch, Layout
from hedgerow.errors import HedgerowError
from hedgerow.formats import Model
from hedgerow.formats.answers import check_answer
from services.executor.host.inbox import Waiting
from services.executor.work_done import WorkDone

_log = structlog.get_logger()

_FAILURE_LENGTH = 500
_FAILURES_LOGGED = 10
"""A model that fails on every record must not fill the disk."""


@dataclass(slots=True)
class Scored:
    """What one call of the model gave for tasks of one collector, in order.

    `predictions` have the rows of all the tasks; None where `failure` says why there are none. `began`
    and `ended` are seconds of this process's monotonic clock.
    """

    tasks: list[Waiting]
    predictions: Predictions | None
    failure: str
    began: float
    ended: float

    @property
    def collector(self) -> str:
        """Where the result goes."""
        return self.tasks[0].frame.collector

    @property
    def seconds(self) -> float:
        """How long the call took."""
        return self.ended - self.began

    def wanted(self, work: WorkDone) -> Scored | None:
        """Return it without the tasks that were cancelled meanwhile, None if all were; count those."""
        kept = [waiting for waiting in self.tasks if not waiting.cancelled]
        if len(kept) == len(self.tasks):
            return self
        work.withheld += len(self.tasks) - len(kept)
        rows = sum(waiting.rows for waiting in self.tasks)
        lost = rows - sum(waiting.rows for waiting in kept)
        work.wasted_seconds += self.seconds * lost / rows if rows else 0.0
        return (
            replace(self, tasks=kept, predictions=self._predictions_of_wanted()) if kept else None
        )

    def halves(self) -> tuple[Scored, Scored]:
        """Return it in two parts, each with some of its tasks, of which it has several."""
        middle = len(self.tasks) // 2
        rows = sum([waiting.rows for waiting in self.tasks[:middle]])
        said = self.predictions
        return (
            replace(
                self,
                tasks=self.tasks[:middle],
                predictions=None if said is None else said.rows_of(0, rows),
            ),
            replace(
                self,
                tasks=self.tasks[middle:],
                predictions=None if said is None else said.rows_of(rows, said.rows),
            ),
        )

    def _predictions_of_wanted(self) -> Predictions | None:
        if self.predictions is None:
            return None
        wanted = np.concatenate(
            [np.full(waiting.rows, not waiting.cancelled) for waiting in self.tasks]
        )
        return self.predictions.take(np.flatnonzero(wanted))


# Tasks with an equal key are scored in one call and reported in one message.
_Key = tuple[Layout, bool, str]


@dataclass(slots=True)
class _Group:
    tasks: list[Waiting] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)


@dataclass(slots=True)
class Scorer:
    """Scores tasks on one model; `scored` is called with the rows and the seconds of each call.

    `tries` is told before and after tasks that are suspect, of which the process may die.
    """

    model: Model
    scored: Callable[[int, float], None]
    tries: Callable[[bool], None] = lambda suspects: None
    _failures: int = 0

    def score(self, waiting: list[Waiting]) -> list[Scored]:
        """Score all tasks; each is in exactly one of the results."""
        if not any(one.task.suspect for one in waiting):
            return self._score(waiting)
        self.tries(True)
        try:
            return self._score(waiting)
        finally:
            self.tries(False)

    def _score(self, waiting: list[Waiting]) -> list[Scored]:
        results: list[Scored] = []
        groups: dict[_Key, _Group] = {}
        for task in waiting:
            try:
                batch = Batch.from_proto(task.task.batch)
            except HedgerowError as error:
                results.append(self._failed([task], error, time.monotonic()))
                continue
            key = (batch.layout, task.task.explain, task.frame.collector)
            group = groups.setdefault(key, _Group())
            group.tasks.append(task)
            group.batches.append(batch)
        for (_, explain, _), group in groups.items():
            results += self._score_group(group.tasks, group.batches, explain)
        return results

    def _score_group(
        self, tasks: list[Waiting], batches: list[Batch], explain: bool
    ) -> list[Scored]:
        began = time.monotonic()
        try:
            batch = Batch.join(batches)
            predictions = check_answer(self.model.score(batch, explain=explain), batch.rows)
        except Exception as error:
            if len(tasks) == 1:
                return [self._failed(tasks, error, began)]
            return [
                scored
                for task, batch in zip(tasks, batches, strict=True)
                for scored in self._score_group([task], [batch], explain)
            ]
        ended = time.monotonic()
        self.scored(predictions.rows, ended - began)
        return [Scored(tasks, predictions, "", began, ended)]

    def _failed(self, tasks: list[Waiting], error: Exception, began: float) -> Scored:
        self._failures += 1
        if not isinstance(error, HedgerowError) and self._failures <= _FAILURES_LOGGED:
            _log.warning("the model failed on a task", exc_info=error)
        reason = " ".join((str(error) or type(error).__name__).split())
        return Scored(tasks, None, reason[:_FAILURE_LENGTH], began, time.monotonic())
