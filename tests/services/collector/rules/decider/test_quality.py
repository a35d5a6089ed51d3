"""The quality rule: by a metric, by confidence, and by the order in the plan."""

from __future__ import annotations

import math

from tests.services.collector.rules.decider.case import FAILED, OUT, Case

METRIC = Case("{quality: {by: accuracy}}", qualities=[0.7, 0.9, 0.8])
LISTED = Case("{quality: {}}", qualities=[0.7, 0.9, 0.8])
CONFIDENCE = Case("{quality: {by: confidence}}")
GOOD_ENOUGH = Case("{quality: {by: confidence, good_enough: 0.9}}")


def test_a_metric_waits_for_what_can_be_better() -> None:
    assert METRIC.decide("x", OUT, OUT) is None
    assert METRIC.decide("x", FAILED, OUT) is None
    assert METRIC.decide("x", FAILED, FAILED) == ("a", "BEST_QUALITY", "a")


def test_a_metric_decides_when_nothing_outstanding_is_better() -> None:
    assert METRIC.decide(OUT, "x", OUT) == ("b", "BEST_QUALITY", "b")
    assert METRIC.decide(OUT, FAILED, "x") == ("c", "BEST_QUALITY", "c")


def test_a_metric_takes_the_best_that_answered_by_the_deadline() -> None:
    assert METRIC.decide("x", OUT, "y", at_deadline=True) == ("c", "BEST_QUALITY", "c")


def test_an_equal_metric_is_not_waited_for() -> None:
    case = Case("{quality: {by: accuracy}}", qualities=[0.9, 0.9, 0.9])
    assert case.decide(OUT, OUT, "x") == ("c", "BEST_QUALITY", "c")


def test_an_equal_metric_goes_to_the_one_listed_first() -> None:
    case = Case("{quality: {by: accuracy}}", qualities=[0.5, 0.9, 0.9])
    assert case.decide("w", "x", "y") == ("b", "BEST_QUALITY", "b")


def test_a_model_without_the_metric_is_the_last_and_better_than_none() -> None:
    case = Case("{quality: {by: accuracy}}", qualities=[-math.inf, -0.1, -math.inf])
    assert case.decide("x", OUT, OUT) is None
    assert case.decide("x", "y", "z") == ("b", "BEST_QUALITY", "b")
    assert case.decide(FAILED, FAILED, "z") == ("c", "BEST_QUALITY", "c")


def test_without_a_measure_the_one_listed_first_is_the_best() -> None:
    assert LISTED.decide("x", OUT, OUT) == ("a", "BEST_QUALITY", "a")
    assert LISTED.decide(OUT, "y", "z") is None
    assert LISTED.decide(OUT, "y", "z", at_deadline=True) == ("b", "BEST_QUALITY", "b")
    assert LISTED.decide(FAILED, "y", OUT) == ("b", "BEST_QUALITY", "b")


def test_confidence_waits_for_all() -> None:
    trust = {"a": 0.99, "b": 0.5}
    assert CONFIDENCE.decide("x", "y", OUT, confidences=trust) is None
    assert CONFIDENCE.decide("x", "y", FAILED, confidences=trust) == ("a", "BEST_QUALITY", "a")
    assert CONFIDENCE.decide("x", "y", OUT, confidences=trust, at_deadline=True) == (
        "a",
        "BEST_QUALITY",
        "a",
    )


def test_nothing_is_more_confident_than_1() -> None:
    decided = CONFIDENCE.decide(OUT, "x", OUT, confidences={"b": 1.0})
    assert decided == ("b", "BEST_QUALITY", "b")


def test_confidence_that_is_good_enough_waits_for_nobody() -> None:
    decided = GOOD_ENOUGH.decide(OUT, "x", OUT, confidences={"b": 0.9})
    assert decided == ("b", "GOOD_ENOUGH", "b")
    assert GOOD_ENOUGH.decide(OUT, "x", OUT, confidences={"b": 0.89}) is None


def test_of_several_that_are_good_enough_the_best_is_taken() -> None:
    decided = GOOD_ENOUGH.decide("x", "y", OUT, confidences={"a": 0.91, "b": 0.95})
    assert decided == ("b", "GOOD_ENOUGH", "b")


def test_what_is_best_of_all_is_not_called_good_enough() -> None:
    decided = GOOD_ENOUGH.decide("x", "y", "z", confidences={"a": 0.91, "b": 0.95})
    assert decided == ("b", "BEST_QUALITY", "b")


def test_equal_confidence_goes_to_the_one_listed_first() -> None:
    trust = {"b": 0.5, "c": 0.5}
    assert CONFIDENCE.decide("x", "y", "z", confidences=trust) == ("b", "BEST_QUALITY", "b")


def test_an_answer_without_confidence_is_better_than_none() -> None:
    assert CONFIDENCE.decide(FAILED, "x", FAILED) == ("b", "BEST_QUALITY", "b")


def test_good_enough_goes_by_confidence_also_where_models_rank_by_a_metric() -> None:
    case = Case("{quality: {by: accuracy, good_enough: 0.9}}", qualities=[0.9, 0.8, 0.7])
    decided = case.decide(OUT, "x", "y", confidences={"b": 0.5, "c": 0.95})
    assert decided == ("c", "GOOD_ENOUGH", "c")
