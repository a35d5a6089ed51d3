"""Tasks are scored by the models that they are for; what nobody needs any more is withheld and counted."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.data.records import Batch
from hedgerow.formats import Model
from hedgerow.v1.execution_pb2 import Task
from hedgerow.v1.models_pb2 import ModelDescriptor
from services.executor.host.inbox import Frame, Waiting
from services.executor.host.scoring import Part, Scored, Scorer
from services.executor.work_done import WorkDone
from tests.services.router.in_process_host import Counting


def waiting(task_id: int, rows: int, cancelled: bool = False) -> Waiting:
    frame = Frame(1, "c", 1, lambda _: None)
    return Waiting(Task(id=task_id), rows, frame, 0.0, 1.0, cancelled)


def scored(*tasks: Waiting) -> Scored:
    rows = sum(task.rows for task in tasks)
    labels = Labels(("x", "y"), np.arange(rows, dtype=np.uint32) % 2)
    outputs = {"score": np.arange(float(rows))}
    predictions = Predictions(labels, np.arange(float(rows)), (0, 3), outputs)
    return Scored(list(tasks), predictions, "", began=2.0, ended=2.4)


def test_what_everybody_wants_is_sent_as_it_is() -> None:
    work, result = WorkDone(), scored(waiting(1, 2), waiting(2, 2))
    assert result.wanted(work) is result
    assert work == WorkDone()


def test_rows_of_cancelled_tasks_are_taken_out() -> None:
    work = WorkDone()
    wanted = scored(waiting(1, 1), waiting(2, 2, cancelled=True), waiting(3, 2)).wanted(work)
    assert wanted is not None
    assert [task.task.id for task in wanted.tasks] == [1, 3]
    predictions = wanted.predictions
    assert predictions is not None
    assert isinstance(predictions.values, Labels)
    assert predictions.values.to_list() == ["x", "y", "x"]
    assert predictions.confidences is not None
    assert predictions.confidences.tolist() == [0.0, 3.0, 4.0]
    assert predictions.absent == (0, 1)  # of the rows 0, 3 and 4 that are left
    score = predictions.outputs["score"]
    assert isinstance(score, np.ndarray)
    assert score.tolist() == [0.0, 3.0, 4.0]
    assert work.withheld == 1
    assert abs(work.wasted_seconds - 0.4 * 2 / 5) < 1e-9


def test_nothing_is_sent_when_all_was_cancelled() -> None:
    work = WorkDone()
    assert scored(waiting(1, 2, cancelled=True)).wanted(work) is None
    assert abs(work.wasted_seconds - 0.4) < 1e-9


def test_time_saved_is_what_dropped_rows_would_have_taken() -> None:
    work = WorkDone(rows_scored=100, rows_dropped=10, scoring_seconds=2.0)
    assert abs(work.saved_seconds - 0.2) < 1e-9
    assert WorkDone(rows_dropped=10).saved_seconds == 0.0


class _Model(Model):
    """Says its number, and keeps what it was given."""

    model_type = "test"

    def __init__(self, number: int, score: Callable[[Batch], None] = lambda batch: None) -> None:
        super().__init__(ModelDescriptor(name=f"model-{number}"), b"")
        self._number = number
        self._score = score
        self.given: list[Batch] = []

    def score(self, batch: Batch, *, explain: bool = False) -> Predictions:
        self.given.append(batch)
        self._score(batch)
        return Predictions(np.full(batch.rows, float(self._number)))


def task(task_id: int, *models: int, value: float = 1.0, enough: int = 0) -> Waiting:
    batch = Batch.from_records("wine", [{"ash": value}]).to_proto()
    frame = Frame(1, "c", 1, lambda _: None)
    message = Task(id=task_id, batch=batch)
    return Waiting(message, 1, frame, 0.0, 1.0, False, models, enough)


def said(part: Part) -> list[tuple[int, list[int], str]]:
    return [(one.model, [w.task.id for w in one.tasks], one.failure) for one in part.scored]


def test_models_of_a_task_are_reported_together_the_cheapest_first() -> None:
    meter = Counting(3)
    for number, seconds in enumerate((0.3, 0.1, 0.2)):
        meter.works[number] = WorkDone(rows_scored=1, scoring_seconds=seconds)
    models = [_Model(number) for number in range(3)]
    tasks = [task(1, 0, 1, 2), task(2, 0, 1, 2)]
    (part,) = Scorer(models, meter).score(tasks)
    assert said(part) == [(1, [1, 2], ""), (2, [1, 2], ""), (0, [1, 2], "")]
    assert part.settled == tasks
    assert all(one.began <= other.began for one, other in pairwise(part.scored))
    assert [work.tasks for work in meter.works] == [2, 2, 2]


def test_a_batch_is_joined_once_for_all_models() -> None:
    models = [_Model(number) for number in range(2)]
    list(Scorer(models, Counting(2)).score([task(1, 0, 1), task(2, 0, 1)]))
    assert models[0].given[0] is models[1].given[0]


def test_tasks_for_other_models_are_scored_and_reported_apart() -> None:
    models = [_Model(number) for number in range(2)]
    parts = list(Scorer(models, Counting(2)).score([task(1, 0), task(2, 1), task(3, 0)]))
    assert [said(part) for part in parts] == [[(0, [1, 3], "")], [(1, [2], "")]]


def fails(batch: Batch) -> None:
    if 13.0 in batch.numbers(["ash"]):
        raise RuntimeError("no")


def test_a_model_that_fails_on_a_task_takes_neither_its_neighbours_nor_other_models_with_it() -> (
    None
):
    models = [_Model(0), _Model(1, fails)]
    tasks = [task(1, 0, 1), task(2, 0, 1, value=13.0)]
    (part,) = Scorer(models, Counting(2)).score(tasks)
    assert said(part) == [(0, [1, 2], ""), (1, [1], ""), (1, [2], "no")]


def slow_meter() -> Counting:
    meter = Counting(3)
    meter.works[2] = WorkDone(rows_scored=1, scoring_seconds=1.0)
    return meter


def test_what_may_be_enough_is_reported_before_a_model_that_takes_long() -> None:
    models = [_Model(number) for number in range(3)]
    tasks = [task(1, 0, 1, 2, enough=2)]
    first, rest = Scorer(models, slow_meter()).score(tasks)
    assert [model for model, *_ in said(first)] == [0, 1]
    assert first.settled == []
    assert [model for model, *_ in said(rest)] == [2]
    assert rest.settled == tasks


def test_nothing_is_reported_before_where_it_cannot_be_enough() -> None:
    models = [_Model(number) for number in range(3)]
    (part,) = Scorer(models, slow_meter()).score([task(1, 0, 1, 2)])
    assert len(part.scored) == 3


def test_what_is_cancelled_between_two_parts_is_scored_no_more() -> None:
    models = [_Model(number) for number in range(3)]
    meter = slow_meter()
    one, other = task(1, 0, 1, 2, enough=2), task(2, 0, 1, 2, enough=2)
    parts = Scorer(models, meter).score([one, other])
    next(parts)
    one.cancel([2])
    (rest,) = parts
    assert said(rest) == [(2, [2], "")]
    assert rest.settled == [one, other]
    assert meter.works[2].rows_dropped == 1


def test_a_task_that_is_cancelled_for_one_model_is_withheld_of_that_alone() -> None:
    kept, spared = waiting(1, 1), waiting(2, 1)
    spared.models = (0, 1)
    spared.cancel([1])
    result = scored(kept, spared)
    assert result.wanted(WorkDone()) is result
    result.model = 1
    wanted = result.wanted(WorkDone())
    assert wanted is not None
    assert wanted.tasks == [kept]
