"""Metrics: as people write them, what a model cannot have, and which one is meant."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hedgerow.errors import InvalidInput, InvalidModel
from hedgerow.metrics import check_metrics, find_metric, metric_text, parse_metric, short_text
from hedgerow.v1.models_pb2 import Metric


def metrics(*said: str) -> list[Metric]:
    return [parse_metric(text) for text in said]


def test_a_metric_is_written_with_its_value_and_its_data_set() -> None:
    assert parse_metric("accuracy=0.97") == Metric(name="accuracy", value=0.97)
    measured = parse_metric("rmse=3.1e-1@held-out-2026-06", lower_is_better=True)
    assert measured == Metric(
        name="rmse", value=0.31, data_set="held-out-2026-06", lower_is_better=True
    )
    assert metric_text(measured) == "rmse 0.31 (held-out-2026-06)"
    assert short_text(measured) == "rmse 0.31"
    assert metric_text(parse_metric("log_loss=-1234.5")) == "log_loss -1234.5"
    assert parse_metric("f1=1@a@b").data_set == "a@b"


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("accuracy", "'accuracy' is no metric; write name=value or name=value@data-set"),
        ("accuracy=0.9@", "'accuracy=0.9@' is no metric"),
        ("accuracy=high", "metric 'accuracy=high': 'high' is no number; write accuracy=0.97, say"),
        ("accuracy=inf", "metric 'accuracy' is inf; give a finite number"),
        ("accuracy=nan", "metric 'accuracy' is nan; give a finite number"),
        (
            "=0.9",
            "'' cannot name a metric; use letters, digits, '_' and '-', at most 64, the first",
        ),
        ("1st=0.9", "'1st' cannot name a metric"),
        ("live.accuracy=0.9", "'live.accuracy' cannot name a metric"),
        (f"{'a' * 65}=0.9", "cannot name a metric"),
        ("confidence=0.9", "'confidence' cannot name a metric: it is a measure of its own"),
        ("registered=0.9", "'registered' cannot name a metric: it was a measure of plans"),
        ("accuracy=0.9@a\tb", r"'a\tb' cannot name a data set; use printable characters"),
        (
            f"accuracy=0.9@{'a' * 129}",
            "cannot name a data set; use printable characters, at most 128",
        ),
    ],
)
def test_what_is_no_metric_is_refused(said: str, problem: str) -> None:
    with pytest.raises(InvalidModel) as refusal:
        parse_metric(said)
    assert problem in str(refusal.value)


@pytest.mark.parametrize(
    ("together", "problem"),
    [
        (metrics("a=1", "a=2"), "metric 'a' is given twice; give it once"),
        (metrics("a=1@x", "a=2@x"), "metric 'a' is given twice on data set 'x'; give it once"),
        (
            [*metrics("a=1@x"), parse_metric("a=2@y", True)],
            "'a' is better when higher and better when",
        ),
        (metrics(*(f"a{n}=1" for n in range(33))), "there are 33 metrics; give at most 32"),
    ],
)
def test_metrics_that_no_model_can_have_together_are_refused(
    together: Sequence[Metric], problem: str
) -> None:
    with pytest.raises(InvalidModel) as refusal:
        check_metrics(together)
    assert problem in str(refusal.value)


def test_a_model_may_have_a_metric_on_several_data_sets_and_many_of_them() -> None:
    check_metrics(metrics("a=1", "a=1@x", *(f"a{number}=1" for number in range(30))))


def test_a_metric_is_found_by_its_name_and_its_data_set_where_there_are_several() -> None:
    known = metrics("accuracy=0.9@x", "accuracy=0.8@y", "f1=0.7@x")
    assert find_metric(known, "f1") == known[2]
    assert find_metric(known, "f1", "y") is None
    assert find_metric(known, "recall") is None
    assert find_metric(known, "accuracy", "y") == known[1]
    with pytest.raises(
        InvalidInput, match="'accuracy' was measured on several data sets: x, y; say"
    ):
        find_metric(known, "accuracy")
