"""Consensus of numbers: which agree, and which of them is the answer."""

from __future__ import annotations

from tests.services.collector.rules.decider.case import FAILED, MAJORITY, OUT, Case


def test_without_a_tolerance_only_equal_numbers_agree() -> None:
    assert MAJORITY.decide(1.0, 1.0, OUT) == ("a", "CONSENSUS", "ab")
    assert MAJORITY.decide(1.0, 1.0000001, OUT) is None
    assert MAJORITY.decide(0.0, -0.0, OUT) == ("a", "CONSENSUS", "ab")


def test_numbers_agree_within_an_absolute_tolerance() -> None:
    case = Case("{consensus: {tolerance: 0.1}}")
    assert case.decide(1.0, 1.1, OUT) == ("a", "CONSENSUS", "ab")
    assert case.decide(1.0, 1.11, OUT) is None


def test_numbers_agree_within_a_share_of_the_larger() -> None:
    case = Case("{consensus: {tolerance: 5%}}")
    assert case.decide(100.0, 95.0, OUT) == ("a", "CONSENSUS", "ab")
    assert case.decide(100.0, 94.9, OUT) is None
    assert case.decide(-100.0, -95.0, OUT) == ("a", "CONSENSUS", "ab")
    assert case.decide(0.01, -0.01, OUT) is None


def test_the_answer_is_the_one_nearest_the_median() -> None:
    case = Case("{consensus: {quorum: all, tolerance: 1}}")
    assert case.decide(1.8, 1.0, 1.5) == ("c", "CONSENSUS", "abc")


def test_of_two_nearest_the_median_the_one_listed_first_answers() -> None:
    case = Case("{consensus: {quorum: all, tolerance: 1}}", "a b c d")
    assert case.decide(2.0, 1.6, 1.4, 1.0) == ("b", "CONSENSUS", "abcd")
    assert case.decide(1.0, 1.4, 1.6, 2.0) == ("b", "CONSENSUS", "abcd")


def test_a_chain_of_near_numbers_is_not_a_group() -> None:
    case = Case("{consensus: {quorum: all, tolerance: 0.5}}")
    # 1.0 with 1.4 and 1.4 with 1.8 are two groups of two; the first is of better-listed models.
    assert case.decide(1.0, 1.4, 1.8) == ("a", "PLURALITY", "ab")
    trust = {"c": 0.9}
    assert case.decide(1.0, 1.4, 1.8, confidences=trust) == ("b", "PLURALITY", "bc")


def test_plurality_of_numbers_waits_for_all_for_groups_can_split() -> None:
    case = Case("{consensus: {quorum: all, tolerance: 0.5}}", "a b c d e")
    assert case.decide(1.0, 1.1, 1.2, 9.0, OUT) is None
    assert case.decide(1.0, 1.1, 1.2, 9.0, FAILED) == ("b", "PLURALITY", "abc")


def test_labels_and_numbers_never_agree() -> None:
    case = Case("{consensus: {tolerance: 1}}")
    assert case.decide("1", 1.0, 1.5) == ("b", "CONSENSUS", "bc")
    assert case.decide("1", "1", 1.5) == ("a", "CONSENSUS", "ab")
    assert MAJORITY.decide("1", 1.0, FAILED) == ("a", "PLURALITY", "a")
