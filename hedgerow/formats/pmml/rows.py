"""Scores the rows of a batch in one call into Java.

A call from Python into Java costs a microsecond or more, an array within an array a tenth, and a list
turned into Java objects several. So the loop over the rows is on Java's side, in
`java/hedgerow/BatchScorer.java`, and a batch crosses twice: a flat array of numbers in, another one out.
"""

from collections.abc import Sequence
from typing import Any

import jpype
import numpy as np
import numpy.typing as npt

Answers = npt.NDArray[np.float64]
"""[rows, 2], the place of the label among the classes and its probability, or [rows, 1], the number of a
regression. NaN where there is none."""

Row = Sequence[Any]
"""Values of float, int, str or bool, in the engine's order; None is a missing value."""


class RowScorer:
    """Scores rows on a model of the engine whose outputs are those of `Outputs.ask_for_answer`.

    `classes` are the engine's values of the classes, in order; None for a regression. Methods raise
    jpype.JException where the engine does.
    """

    def __init__(self, model: Any, classes: Sequence[Any] | None) -> None:
        known = None if classes is None else jpype.JArray(jpype.JObject)(classes)
        scorer = jpype.JClass("hedgerow.BatchScorer")(model, known)
        self._of_numbers = scorer.ofNumbers
        self._of_cells = scorer.ofCells
        self._of_objects = scorer.ofObjects
        self._outputs = scorer.outputs
        self._width = 1 if classes is None else 2
        # Half as long for one row as JArray.of, which finds out types for itself.
        self._doubles = jpype.JArray(jpype.JDouble)
        self.learn = scorer.learn
        """Tell what the places of texts in a matrix of cells stand for."""

    def of_numbers(self, rows: npt.NDArray[np.float64]) -> Answers:
        """Score a matrix [rows, features]; NaN is a missing value."""
        return self._answers(self._of_numbers(self._doubles(rows.ravel())))

    def of_cells(self, rows: npt.NDArray[np.float64], kinds: str) -> Answers:
        """Score a matrix of `Cells`; `kinds` has a letter a feature, as BatchScorer.java wants it."""
        return self._answers(self._of_cells(self._doubles(rows.ravel()), kinds))

    def of_objects(self, rows: Sequence[Row]) -> Answers:
        """Score rows of any types, in several times the time."""
        return self._answers(self._of_objects(_to_java(rows)))

    def one_by_one(self, rows: Sequence[Row]) -> Answers:
        """Score rows that the engine fails on together; the ones it fails on have no answer.

        Raises what the engine raised if there is no other row.
        """
        answers = np.full((len(rows), self._width), np.nan)
        failures = []
        for i, row in enumerate(rows):
            try:
                answers[i] = self.of_objects([row])
            except jpype.JException as exc:
                failures.append(exc)
        if len(failures) == len(rows):
            raise failures[0]
        return answers

    def raw(self, rows: Sequence[Row]) -> list[list[Any]]:
        """Return all outputs that the model now gives, for each row; none where the engine fails."""
        outputs: list[list[Any]] = []
        for row in _to_java(rows):
            try:
                outputs.append(list(self._outputs(row)))
            except jpype.JException:
                outputs.append([])
        return outputs

    def _answers(self, numbers: Any) -> Answers:
        return np.array(numbers).reshape(-1, self._width)


def _to_java(rows: Sequence[Row]) -> Any:
    return jpype.JArray(jpype.JObject, 2)(rows)
