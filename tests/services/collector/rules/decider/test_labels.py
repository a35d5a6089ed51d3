"""Consensus of labels: quorum, plurality, ties and weights."""

from __future__ import annotations

from tests.services.collector.rules.decider.case import FAILED, MAJORITY, OUT, Case

ALL = Case("{consensus: {quorum: all}}")


def test_a_quorum_decides_at_once() -> None:
    assert MAJORITY.decide("x", OUT, "x") == ("a", "CONSENSUS", "ac")
    assert MAJORITY.decide(OUT, "x", "x") == ("b", "CONSENSUS", "bc")


def test_a_quorum_that_can_still_be_reached_is_waited_for() -> None:
    assert MAJORITY.decide("x", OUT, OUT) is None
    assert MAJORITY.decide("x", "y", OUT) is None
    assert MAJORITY.decide(FAILED, OUT, "x") is None
    assert ALL.decide("x", "x", OUT) is None


def test_all_means_every_voter_of_the_plan() -> None:
    assert ALL.decide("x", "x", "x") == ("a", "CONSENSUS", "abc")
    assert ALL.decide("x", "x", FAILED) == ("a", "PLURALITY", "ab")


def test_the_majority_is_of_the_plan_and_not_of_those_who_answered() -> None:
    assert MAJORITY.decide("x", FAILED, FAILED) == ("a", "PLURALITY", "a")


def test_without_a_quorum_the_largest_group_answers() -> None:
    case = Case("{consensus: {quorum: 3}}", "a b c d")
    assert case.decide("x", "y", "y", "z") == ("b", "PLURALITY", "bc")


def test_at_the_deadline_the_largest_group_answers() -> None:
    assert MAJORITY.decide(OUT, "x", OUT, at_deadline=True) == ("b", "PLURALITY", "b")


def test_plurality_waits_while_another_group_may_become_as_large() -> None:
    case = Case("{consensus: {quorum: all}}", "a b c d e")
    assert case.decide("x", "x", "y", OUT, OUT) is None
    assert case.decide("x", "x", "y", OUT, FAILED) is None  # 2 against 2
    assert case.decide("x", "x", "y", FAILED, FAILED) == ("a", "PLURALITY", "ab")
    assert case.decide("x", "x", "x", "y", OUT) == ("a", "PLURALITY", "abc")
    assert case.decide("x", "x", "x", "y", FAILED) == ("a", "PLURALITY", "abc")


def test_plurality_waits_while_a_group_nobody_is_in_yet_may_become_as_large() -> None:
    case = Case("{consensus: {quorum: all}}", "a b")
    assert case.decide("x", OUT, at_deadline=False) is None
    assert Case("{consensus: {quorum: all}}").decide(FAILED, "x", OUT) is None


def test_a_tie_goes_to_the_larger_weight() -> None:
    case = Case("{consensus: {quorum: 3, weights: {b: 1.5}}}")
    assert case.decide("x", "y", FAILED) == ("b", "PLURALITY", "b")


def test_a_tie_of_weights_goes_to_the_higher_mean_confidence() -> None:
    case = Case("{consensus: {}}", "a b c d")
    trust = {"a": 0.9, "b": 0.1, "c": 0.6, "d": 0.6}
    assert case.decide("x", "x", "y", "y", confidences=trust) == ("c", "PLURALITY", "cd")


def test_a_tie_of_confidence_too_goes_to_the_order_in_the_plan() -> None:
    assert MAJORITY.decide("x", "y", "z") == ("a", "PLURALITY", "a")
    trust = {"a": 0.1, "b": 0.2, "c": 0.2}
    assert MAJORITY.decide("x", "y", "z", confidences=trust) == ("b", "PLURALITY", "b")


def test_a_tie_goes_to_otherwise_first() -> None:
    case = Case("{consensus: {weights: {b: 1.5}}, otherwise: {quality: {by: confidence}}}")
    trust = {"a": 0.1, "b": 0.2, "c": 0.3}
    assert case.decide("x", "y", "z", confidences=trust) == ("c", "BEST_QUALITY", "c")


def test_of_two_groups_with_a_quorum_the_one_with_more_votes_answers() -> None:
    case = Case("{consensus: {quorum: 1}}")
    assert case.decide("x", "y", "y") == ("b", "CONSENSUS", "bc")


def test_two_quorums_of_equal_votes_are_a_tie_for_otherwise_among_them() -> None:
    policy = "{consensus: {quorum: 2}, otherwise: {quality: {by: confidence}}}"
    case = Case(policy, "a b c d e")
    trust = {"a": 0.9, "b": 0.1, "c": 0.8, "d": 0.91, "e": 1.0}
    # e is not in the tie, d has the most confident answer in it, and c speaks for d's group.
    decided = case.decide("x", "x", "y", "y", "z", confidences=trust)
    assert decided == ("c", "CONSENSUS", "cd")
    assert case.decide("x", "x", "y", "y", OUT, confidences=trust) == decided


def test_two_quorums_of_equal_votes_without_otherwise_go_by_mean_confidence() -> None:
    case = Case("{consensus: {quorum: 1}}")
    trust = {"a": 0.5, "b": 0.6}
    assert case.decide("x", "y", OUT, confidences=trust) == ("b", "CONSENSUS", "b")
    assert case.decide("x", "y", OUT) == ("a", "CONSENSUS", "a")


def test_weights_are_votes() -> None:
    case = Case("{consensus: {weights: {a: 3}}}")
    assert case.decide("x", OUT, OUT) == ("a", "CONSENSUS", "a")
    case = Case("{consensus: {weights: {a: 2}}}")
    assert case.decide("x", OUT, OUT) is None  # 2 of 4 is no majority


def test_weights_are_added_exactly() -> None:
    case = Case("{consensus: {quorum: 0.3, weights: {a: 0.1, b: 0.1, c: 0.1}}}")
    assert case.decide("x", "x", OUT) is None
    assert case.decide("x", "x", "x") == (
        "a",
        "CONSENSUS",
        "abc",
    )  # 0.1 + 0.1 + 0.1 > 0.3 in floats


def test_half_of_the_votes_is_no_majority() -> None:
    # In floats 0.8 is more than half of 0.1 + 0.7 + 0.8.
    case = Case("{consensus: {weights: {a: 0.1, b: 0.7, c: 0.8}}}")
    assert case.decide(OUT, OUT, "x") is None
