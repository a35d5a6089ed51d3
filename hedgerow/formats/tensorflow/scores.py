"""Makes predictions of the scores that a network gives.

Of one score a class, the label is the one of the largest, and its confidence that score where the scores
are probabilities: none is negative and each row adds up to one. Logits give labels without a confidence.
Of a single score for two classes, the second is the label from a half on; such a score has to be a
probability, or a half would mean nothing. A row with a score that is not a number has no answer.
"""

import numpy as np
import numpy.typing as npt

from hedgerow.data.predictions import Floats, Labels, Predictions, Values
from hedgerow.errors import InvalidModel
from hedgerow.v1.models_pb2 import Signature

_TOLERANCE = 1e-3  # sums of float32 probabilities differ from one by less, those of float16 hardly

Scores = npt.NDArray[np.floating]
Places = npt.NDArray[np.intp]


class TensorScores:
    """Reads the scores of one model."""

    def __init__(self, signature: Signature) -> None:
        self._classes = tuple(signature.classes)
        self._name = signature.output.removesuffix(":0")

    def predictions(self, scores: Scores, *, explain: bool = False) -> Predictions:
        """Make predictions of scores [records], [records, 1] or [records, classes].

        Raises InvalidModel for another shape, and ValueError for a single score of two classes that is no
        probability.
        """
        table = self._table(scores)
        outputs = self._outputs(table) if explain else {}
        # One look for the usual case: a sum is not a number if one of its parts is not.
        missing = np.isnan(table).any(axis=1) if np.isnan(table.sum()) else None
        absent = () if missing is None else tuple(np.flatnonzero(missing).tolist())
        if not self._classes:
            return Predictions(table[:, 0], None, absent, outputs)
        judge = _largest if table.shape[1] > 1 else _half
        places, confidences = judge(table)
        labels = Labels(self._classes, places.astype(np.uint32))
        return Predictions(labels, confidences, absent, outputs)

    def _table(self, scores: Scores) -> Floats:
        table = scores.astype(np.float64, copy=False)
        if table.ndim == 1:
            table = table[:, np.newaxis]
        wanted = len(self._classes) or 1
        if table.ndim == 2 and table.shape[1] in ((1, 2) if wanted == 2 else (wanted,)):
            return table
        raise InvalidModel(
            f"the output {self._name!r} has the shape {list(scores.shape)}; it must give"
            f" {wanted} score(s) a record"
        )

    def _outputs(self, table: Floats) -> dict[str, Values]:
        if table.shape[1] == 1:
            return {self._name: table[:, 0]}
        columns = zip(self._classes, table.T, strict=True)
        return {f"{self._name}({label})": column for label, column in columns}


def _largest(table: Floats) -> tuple[Places, Floats | None]:
    """Return the place of the largest score of each row and that score, if they are probabilities."""
    places = table.argmax(axis=1)
    no_probabilities = (abs(table.sum(axis=1) - 1) > _TOLERANCE) | (table.min(axis=1) < 0)
    if no_probabilities.any():
        return places, None
    return places, table[np.arange(len(table)), places]


def _half(table: Floats) -> tuple[Places, Floats]:
    """Return 1 for each row whose score is a half or more, else 0, and the probability of that."""
    scores = table[:, 0]
    if (scores < -_TOLERANCE).any() or (scores > 1 + _TOLERANCE).any():
        raise ValueError(
            "the only score of two classes is no probability (it is below 0 or above 1); export the"
            " model with a sigmoid at its end, or with a score a class"
        )
    second = scores >= 0.5
    return second.astype(np.intp), np.where(second, scores, 1 - scores)
