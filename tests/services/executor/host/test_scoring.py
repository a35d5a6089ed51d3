"""Results of tasks that were cancelled while they were scored: withheld, and counted as wasted."""

import numpy as np

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.v1.execution_pb2 import Task
from services.executor.host.inbox import Frame, Waiting
from services.executor.host.scoring import Scored
from services.executor.work_done import WorkDone


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
