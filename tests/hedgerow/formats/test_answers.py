"""What a model may answer, and that an odd answer costs the task it is for and no other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.data.records import Batch
from hedgerow.errors import InvalidModel
from hedgerow.formats import Model
from hedgerow.formats.answers import check_answer
from hedgerow.v1.execution_pb2 import Task
from hedgerow.v1.models_pb2 import ModelDescriptor
from services.executor.host.inbox import Frame, Waiting
from services.executor.host.scoring import Scorer
from tests.services.router.in_process_host import Counting

NUMBERS = np.array([1.0, 2.0])
LABELS = Labels(("x", "y"), np.array([0, 1], np.uint32))


@pytest.mark.parametrize(
    "answer",
    [
        Predictions(NUMBERS),
        Predictions(np.array([1, 2])),
        Predictions(np.array([True, False])),
        Predictions(LABELS, np.array([0.5, np.nan]), (1,), {"raw": NUMBERS, "as text": LABELS}),
    ],
)
def test_what_predictions_promise_passes(answer: Predictions) -> None:
    assert check_answer(answer, 2) is answer


ODD: list[tuple[Any, str]] = [
    (None, "answered with None"),
    ([1.0, 2.0], "answered with a list"),
    (Predictions([1.0, 2.0]), "values are a list"),  # type: ignore[arg-type]
    (Predictions(None), "values are None"),  # type: ignore[arg-type]
    (Predictions(np.array(["x", "y"])), "an array of <U1"),
    (Predictions(np.array([[1.0], [2.0]])), r"shape \[2, 1\] for 2 rows"),
    (Predictions(np.array([1.0])), r"values have the shape \[1\] for 2 rows"),
    (Predictions(NUMBERS, np.array([0.5])), r"confidences have the shape \[1\]"),
    (Predictions(NUMBERS, [0.5, 0.5]), "confidences are a list"),  # type: ignore[arg-type]
    (Predictions(NUMBERS, None, (2,)), "row 2 of 2 is absent"),
    (Predictions(NUMBERS, None, ("x",)), "row 'x' of 2"),  # type: ignore[arg-type]
    (Predictions(Labels(("\ud800", "y"), LABELS.indexes)), "is no text"),
    (Predictions(Labels((7, "y"), LABELS.indexes)), "is no text: 7"),  # type: ignore[arg-type]
    (Predictions(Labels(("x",), LABELS.indexes)), "beyond the 1 there are"),
    (Predictions(Labels(("x", "y"), [0, 1])), "indexes of the model"),  # type: ignore[arg-type]
    (Predictions(Labels(("x", "y"), np.array([0, -1]))), "beyond the 2 there are"),
    (Predictions(NUMBERS, outputs={"\ud800": NUMBERS}), "name of an output is no text"),
    (Predictions(NUMBERS, outputs={"raw": np.array([1.0])}), "output 'raw' have the shape"),
]


@pytest.mark.parametrize(("answer", "problem"), ODD)
def test_what_is_odd_is_said(answer: object, problem: str) -> None:
    with pytest.raises(InvalidModel, match=problem):
        check_answer(answer, 2)


class _Odd(Model):
    """Answers oddly to batches with a record whose `ash` is 13."""

    model_type = "test"

    def __init__(self, answer: object) -> None:
        super().__init__(ModelDescriptor(data_type="wine", name="odd"), b"")
        self._answer = answer

    def score(self, batch: Batch, *, explain: bool = False) -> Predictions:
        values = batch.numbers(["ash"])[:, 0]
        if 13.0 in values:
            return self._answer  # type: ignore[return-value]
        return Predictions(values)


ODD_FOR_ONE_ROW = [(answer, problem) for answer, problem in ODD if "values have" not in problem]


@pytest.mark.parametrize(("answer", "problem"), ODD_FOR_ONE_ROW)
def test_an_odd_answer_costs_no_neighbour_anything(answer: object, problem: str) -> None:
    frame = Frame(1, "c", 3, lambda _: None)
    waiting = [
        Waiting(
            Task(id=i, batch=Batch.from_records("wine", [{"ash": value}]).to_proto()),
            1,
            frame,
            0.0,
            1.0,
        )
        for i, value in enumerate((1.0, 13.0, 2.0))
    ]
    parts = Scorer([_Odd(answer)], Counting(1)).score(waiting)
    results = [scored for part in parts for scored in part.scored]
    failed = {w.task.id: scored.failure for scored in results for w in scored.tasks}
    assert failed[0] == failed[2] == ""
    assert failed[1]
