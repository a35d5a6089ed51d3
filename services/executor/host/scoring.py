"""Scores what waits: tasks in, results out. Knows neither gRPC nor Redis.

Tasks that wait together are joined where their records have the same layout and scored in one call of each
model. A task that fails must not take its neighbours with it: a joined batch that fails is scored again
task by task.

Where several models score the same tasks they do so one after the other, the cheapest first, and what they
said is reported together. If the policy may be content with the first of them, and the others take long,
those are reported before.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

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
_WORTH_A_REPORT, _TIMES = 0.001, 2
"""Seconds of scoring that are to come, and how many times what has been scored that is, for which that is
reported before. A report costs a third of a millisecond in all who take part in it, for a large batch more,
and in a large batch there is mostly a record on which the first models do not agree."""


class Meter(Protocol):
    """What a host counts and tells its agent; `executor.heartbeat` has the real one."""

    works: list[WorkDone]
    """What each model did."""

    def scores(self, model: int) -> None:
        """A model is called now."""

    def scored(self, model: int, rows: int, tasks: int, seconds: float) -> None:
        """It has scored so many rows, of so many tasks, in so many seconds."""

    def tries(self, suspects: bool) -> None:
        """Told before and after tasks that are suspect, of which the process may die."""


@dataclass(slots=True)
class Scored:
    """What one call of a model gave for tasks of one collector, in order.

    `predictions` have the rows of all the tasks; None where `failure` says why there are none. `began`
    and `ended` are seconds of this process's monotonic clock.
    """

    tasks: list[Waiting]
    predictions: Predictions | None
    failure: str
    began: float
    ended: float
    model: int = 0
    """Its number in this host."""

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
        kept = [waiting for waiting in self.tasks if waiting.wants(self.model)]
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
            [np.full(waiting.rows, waiting.wants(self.model)) for waiting in self.tasks]
        )
        return self.predictions.take(np.flatnonzero(wanted))


class Part(NamedTuple):
    """What is reported together."""

    scored: list[Scored]
    """All for one collector."""
    settled: list[Waiting]
    """Tasks of which nothing is left to do."""


# Tasks with an equal key are scored in one call of each model and reported in one message.
_Key = tuple[Layout, bool, str, tuple[int, ...]]


@dataclass(slots=True)
class _Group:
    tasks: list[Waiting] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    joined: Batch | None = None

    def wanted_by(self, model: int) -> _Group:
        """Return it with the tasks of which somebody needs what a model makes of them."""
        pairs = zip(self.tasks, self.batches, strict=True)
        kept = [pair for pair in pairs if pair[0].wants(model)]
        if len(kept) == len(self.tasks):
            return self
        return _Group([task for task, _ in kept], [batch for _, batch in kept])

    @property
    def rows(self) -> int:
        return sum([task.rows for task in self.tasks])

    def batch(self) -> Batch:
        """Return their records as one batch, which all models are given."""
        if self.joined is None:
            self.joined = Batch.join(self.batches)
        return self.joined


class Scorer:
    """Scores tasks on the models of a host, which are known by their places in `models`."""

    def __init__(self, models: Sequence[Model], meter: Meter) -> None:
        self._models = models
        self._meter = meter
        self._failures = 0

    def score(self, waiting: list[Waiting]) -> Iterator[Part]:
        """Score all tasks, part by part; what is cancelled between two parts is scored no more."""
        if not any(one.task.suspect for one in waiting):
            yield from self._score(waiting)
            return
        self._meter.tries(True)
        try:
            yield from self._score(waiting)
        finally:
            self._meter.tries(False)

    def _score(self, waiting: list[Waiting]) -> Iterator[Part]:
        groups: dict[_Key, _Group] = {}
        for task in waiting:
            try:
                batch = Batch.from_proto(task.task.batch)
            except HedgerowError as error:
                now = time.monotonic()
                yield Part([self._failed(m, [task], error, now) for m in task.models], [task])
                continue
            key = (batch.layout, task.task.explain, task.frame.collector, task.models)
            group = groups.setdefault(key, _Group())
            group.tasks.append(task)
            group.batches.append(batch)
        for (_, explain, _, models), group in groups.items():
            yield from self._score_group(group, models, explain)

    def _score_group(self, group: _Group, models: tuple[int, ...], explain: bool) -> Iterator[Part]:
        """Score tasks on all of some models."""
        scored: list[Scored] = []
        enough = group.tasks[0].enough
        order = self._cheapest_first(models)
        for done, model in enumerate(order):
            if scored and 0 < enough <= done and self._is_worth_it(order[done:], group, scored):
                yield Part(scored, [])
                scored = []
            wanted = group.wanted_by(model)
            if wanted is not group:
                self._meter.works[model].rows_dropped += group.rows - wanted.rows
            if wanted.tasks:
                scored += self._score_model(model, wanted, explain)
        yield Part(scored, group.tasks)

    def _score_model(self, model: int, group: _Group, explain: bool) -> list[Scored]:
        self._meter.scores(model)
        began = time.monotonic()
        try:
            batch = group.batch()
            said = self._models[model].score(batch, explain=explain)
            predictions = check_answer(said, batch.rows)
        except Exception as error:
            if len(group.tasks) == 1:
                return [self._failed(model, group.tasks, error, began)]
            return [
                scored
                for task, alone in zip(group.tasks, group.batches, strict=True)
                for scored in self._score_model(model, _Group([task], [alone]), explain)
            ]
        ended = time.monotonic()
        self._meter.scored(model, predictions.rows, len(group.tasks), ended - began)
        return [Scored(group.tasks, predictions, "", began, ended, model)]

    def _cheapest_first(self, models: tuple[int, ...]) -> Sequence[int]:
        if len(models) == 1:
            return models
        return sorted(models, key=lambda model: self._seconds((model,), 1))

    def _seconds(self, models: Sequence[int], rows: int) -> float:
        """Return what rows would take on models, by the mean of those scored; nothing is known at first."""
        works = [self._meter.works[model] for model in models]
        return rows * sum([w.scoring_seconds / w.rows_scored for w in works if w.rows_scored])

    def _is_worth_it(self, left: Sequence[int], group: _Group, scored: Sequence[Scored]) -> bool:
        """Tell whether what is there is to be reported before the models that are left are begun with."""
        least = max(_WORTH_A_REPORT, _TIMES * sum([one.seconds for one in scored]))
        return self._seconds(left, group.rows) > least

    def _failed(self, model: int, tasks: list[Waiting], error: Exception, began: float) -> Scored:
        self._failures += 1
        if not isinstance(error, HedgerowError) and self._failures <= _FAILURES_LOGGED:
            descriptor = self._models[model].descriptor
            _log.warning("the model failed on a task", name=descriptor.name, exc_info=error)
        reason = " ".join((str(error) or type(error).__name__).split())
        return Scored(tasks, None, reason[:_FAILURE_LENGTH], began, time.monotonic(), model)
