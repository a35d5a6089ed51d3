"""What the scores of a network mean."""

from __future__ import annotations

import numpy as np
import pytest

from hedgerow.data.predictions import Labels, Predictions
from hedgerow.errors import InvalidModel
from hedgerow.formats.tensorflow.scores import TensorScores
from hedgerow.v1.models_pb2 import Signature


def read(scores: object, *classes: str, explain: bool = False) -> Predictions:
    reader = TensorScores(Signature(classes=classes, output="scores:0"))
    return reader.predictions(np.array(scores, dtype=np.float32), explain=explain)


def labels(predictions: Predictions) -> list[str]:
    assert isinstance(predictions.values, Labels)
    return predictions.values.to_list()


def test_the_largest_probability_is_the_label_and_its_confidence() -> None:
    predictions = read([[0.1, 0.7, 0.2], [0.5, 0.25, 0.25]], "a", "b", "c")

    assert labels(predictions) == ["b", "a"]
    assert predictions.confidences == pytest.approx([0.7, 0.5])


@pytest.mark.parametrize("logits", [[[2.0, -1.0, 0.5]], [[2.0, 3.0, 0.5]], [[1.5, -0.5, 0.0]]])
def test_logits_give_a_label_without_a_confidence(logits: list[list[float]]) -> None:
    predictions = read(logits, "a", "b", "c")

    assert labels(predictions) == ["abc"[int(np.argmax(logits))]]
    assert predictions.confidences is None


@pytest.mark.parametrize("scores", [[0.2, 0.5, 0.9], [[0.2], [0.5], [0.9]]])
def test_a_single_score_of_two_classes_is_the_probability_of_the_second(scores: object) -> None:
    predictions = read(scores, "no", "yes")

    assert labels(predictions) == ["no", "yes", "yes"]
    assert predictions.confidences == pytest.approx([0.8, 0.5, 0.9])


def test_a_single_score_of_two_classes_that_is_no_probability_is_an_error() -> None:
    with pytest.raises(ValueError, match="sigmoid"):
        read([[0.2], [2.3]], "no", "yes")


@pytest.mark.parametrize("scores", [[1.5, -2.0], [[1.5], [-2.0]]])
def test_without_classes_the_score_is_the_value(scores: object) -> None:
    predictions = read(scores)

    assert isinstance(predictions.values, np.ndarray)
    assert predictions.values.tolist() == [1.5, -2.0]
    assert predictions.confidences is None


@pytest.mark.parametrize("classes", [(), ("a", "b"), ("a", "b", "c")])
def test_a_row_whose_scores_are_no_numbers_is_absent(classes: tuple[str, ...]) -> None:
    width = len(classes) or 1
    good, bad = [1 / width] * width, [np.nan] * width

    predictions = read([good, bad, good], *classes)

    assert predictions.absent == (1,)
    assert predictions.rows == 3
    if classes:
        assert predictions.confidences is not None
        assert np.isnan(predictions.confidences).tolist() == [False, True, False]


@pytest.mark.parametrize("scores", [[[0.5, 0.5]], [[[1.0]]], 1.0, [[0.1, 0.2, 0.3, 0.4]]])
def test_scores_of_another_shape_are_an_error(scores: object) -> None:
    with pytest.raises(InvalidModel, match="it must give 3"):
        read(scores, "a", "b", "c")


def test_scores_are_explained_by_class() -> None:
    outputs = read([[0.1, 0.9]], "a", "b", explain=True).outputs

    assert list(outputs) == ["scores(a)", "scores(b)"]
    assert outputs["scores(b)"] == pytest.approx([0.9])


def test_a_single_score_is_explained_by_the_name_of_the_output() -> None:
    assert list(read([[0.9]], "a", "b", explain=True).outputs) == ["scores"]
