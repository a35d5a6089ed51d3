"""Each rule, each reason, each tie, one record at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from hedgerow.v1.scoring_pb2 import Reason
from services.collector.rules.decider import decide
from services.collector.rules.policy import Policy, compile_policy
from services.collector.rules.rule import NOBODY, Value
from tests.services.collector.harness import plan_of

OUT = object()
"""Said of a model: it may still answer."""

FAILED = None
"""Said of a model: it will not answer."""


class Case:
    """A policy over some models, asked about what they said."""

    def __init__(self, policy: str, models: str = "a b c", qualities: Sequence[float] = ()) -> None:
        self.names = models.replace("~", "").split()
        self.policy: Policy = compile_policy(plan_of(policy, models), qualities)

    def decide(
        self,
        *said: object,
        at_deadline: bool = False,
        confidences: Mapping[str, float] | None = None,
    ) -> tuple[str, str, str] | None:
        """Return who answered, why, and who agreed; None if the record waits."""
        values: list[Value] = [value if isinstance(value, str | float) else None for value in said]
        trust = [(confidences or {}).get(name, 0.0) for name in self.names]
        outstanding = sum(1 << place for place, value in enumerate(said) if value is OUT)
        verdict = decide(self.policy, values, trust, outstanding, at_deadline)
        if verdict is None:
            return None
        place, reason, agreed = verdict
        who = "-" if place == NOBODY else self.names[place]
        with_it = "".join(name for i, name in enumerate(self.names) if agreed >> i & 1)
        return who, Reason.Name(reason).removeprefix("REASON_"), with_it


# -- timeout -------------------------------------------------------------------------------------------

TIMEOUT = Case("{timeout: {}}")


def test_timeout_decides_when_the_best_listed_has_answered() -> None:
    assert TIMEOUT.decide("x", OUT, OUT) == ("a", "PREFERRED", "a")


def test_timeout_waits_for_the_best_listed_that_may_still_answer() -> None:
    assert TIMEOUT.decide(OUT, "x", "x") is None


def test_timeout_does_not_wait_for_who_failed() -> None:
    assert TIMEOUT.decide(FAILED, "x", OUT) == ("b", "PREFERRED", "b")
    assert TIMEOUT.decide(FAILED, OUT, "x") is None
    assert TIMEOUT.decide(FAILED, FAILED, "x") == ("c", "PREFERRED", "c")


def test_timeout_takes_the_best_listed_that_answered_by_the_deadline() -> None:
    assert TIMEOUT.decide(OUT, "x", "y", at_deadline=True) == ("b", "BEST_AVAILABLE", "b")


def test_who_agrees_with_an_answer_is_told_whatever_the_rule() -> None:
    assert TIMEOUT.decide("x", "y", "x") == ("a", "PREFERRED", "ac")


# -- quality -------------------------------------------------------------------------------------------

REGISTERED = Case("{quality: {by: registered}}", qualities=[0.7, 0.9, 0.8])
CONFIDENCE = Case("{quality: {by: confidence}}")
GOOD_ENOUGH = Case("{quality: {by: confidence, good_enough: 0.9}}")


def test_registered_quality_waits_for_what_can_be_better() -> None:
    assert REGISTERED.decide("x", OUT, OUT) is None
    assert REGISTERED.decide("x", FAILED, OUT) is None
    assert REGISTERED.decide("x", FAILED, FAILED) == ("a", "BEST_QUALITY", "a")


def test_registered_quality_decides_when_nothing_outstanding_is_better() -> None:
    assert REGISTERED.decide(OUT, "x", OUT) == ("b", "BEST_QUALITY", "b")
    assert REGISTERED.decide(OUT, FAILED, "x") == ("c", "BEST_QUALITY", "c")


def test_registered_quality_takes_the_best_that_answered_by_the_deadline() -> None:
    assert REGISTERED.decide("x", OUT, "y", at_deadline=True) == ("c", "BEST_QUALITY", "c")


def test_equal_registered_quality_is_not_waited_for() -> None:
    case = Case("{quality: {}}", qualities=[0.9, 0.9, 0.9])
    assert case.decide(OUT, OUT, "x") == ("c", "BEST_QUALITY", "c")


def test_equal_registered_quality_goes_to_the_one_listed_first() -> None:
    case = Case("{quality: {}}", qualities=[0.5, 0.9, 0.9])
    assert case.decide("w", "x", "y") == ("b", "BEST_QUALITY", "b")


def test_a_model_without_registered_quality_counts_as_0() -> None:
    case = Case("{quality: {}}", qualities=[0.0, 0.1])
    assert case.decide("x", "y", "z") == ("b", "BEST_QUALITY", "b")


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


def test_good_enough_goes_by_confidence_also_where_quality_is_registered() -> None:
    case = Case("{quality: {good_enough: 0.9}}", qualities=[0.9, 0.8, 0.7])
    decided = case.decide(OUT, "x", "y", confidences={"b": 0.5, "c": 0.95})
    assert decided == ("c", "GOOD_ENOUGH", "c")


# -- consensus of labels -------------------------------------------------------------------------------

MAJORITY = Case("{consensus: {quorum: majority}}")
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


# -- consensus of numbers ------------------------------------------------------------------------------


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


# -- otherwise -----------------------------------------------------------------------------------------

OTHERWISE = Case("{consensus: {}, otherwise: {quality: {by: confidence}}}")


def test_otherwise_judges_when_no_quorum_can_be_reached() -> None:
    trust = {"a": 0.1, "b": 0.7, "c": 0.2}
    decided = OTHERWISE.decide("x", "y", "z", confidences=trust)
    assert decided == ("b", "BEST_QUALITY", "b")


def test_otherwise_judges_at_the_deadline() -> None:
    trust = {"b": 0.7}
    assert OTHERWISE.decide(OUT, "y", OUT, confidences=trust) is None
    decided = OTHERWISE.decide(OUT, "y", OUT, confidences=trust, at_deadline=True)
    assert decided == ("b", "BEST_QUALITY", "b")


def test_otherwise_waits_by_its_own_rule() -> None:
    case = Case("{consensus: {quorum: all}, otherwise: {timeout: {}}}")
    assert case.decide(OUT, "x", "y") is None  # for a, though all cannot agree any more
    assert case.decide("w", "x", OUT) == ("a", "PREFERRED", "a")
    assert case.decide(OUT, "x", "y", at_deadline=True) == ("b", "BEST_AVAILABLE", "b")


def test_otherwise_nests() -> None:
    case = Case(
        "{consensus: {quorum: all},"
        " otherwise: {consensus: {quorum: majority}, otherwise: {timeout: {}}}}"
    )
    assert case.decide("x", "x", "x") == ("a", "CONSENSUS", "abc")
    assert case.decide("y", "x", "x") == ("b", "CONSENSUS", "bc")
    assert case.decide("y", "x", "z") == ("a", "PREFERRED", "a")
    assert case.decide("y", "x", OUT) is None


# -- nobody, shadows, defaults -------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["timeout: {}", "consensus: {}", "quality: {}"])
def test_when_nobody_can_answer_there_is_none_at_once(rule: str) -> None:
    case = Case(f"{{{rule}}}")
    assert case.decide(FAILED, FAILED, FAILED) == ("-", "NO_ANSWER", "")
    assert case.decide(FAILED, OUT, FAILED) is None
    assert case.decide(FAILED, OUT, FAILED, at_deadline=True) == ("-", "NO_ANSWER", "")


@pytest.mark.parametrize("rule", ["timeout: {}", "consensus: {}", "quality: {}"])
def test_the_default_is_the_answer_of_last_resort(rule: str) -> None:
    case = Case(f"{{{rule}, default: {{value: '1'}}}}")
    assert case.decide(FAILED, FAILED, FAILED) == ("-", "DEFAULT", "")
    assert case.decide(OUT, OUT, OUT) is None
    assert case.decide(OUT, OUT, OUT, at_deadline=True) == ("-", "DEFAULT", "")
    decided = case.decide(OUT, OUT, "x", at_deadline=True)
    assert decided is not None
    assert decided[0] == "c"


@pytest.mark.parametrize("rule", ["timeout: {}", "consensus: {}", "quality: {}"])
def test_a_shadow_is_neither_heard_nor_waited_for(rule: str) -> None:
    case = Case(f"{{{rule}}}", "~s a b", qualities=[1, 0.5, 0.5])
    assert case.decide("y", FAILED, FAILED) == ("-", "NO_ANSWER", "")
    assert case.decide("y", OUT, OUT) is None
    decided = case.decide(OUT, "x", "x")
    assert decided is not None
    assert decided[0::2] == ("a", "ab")
    assert case.decide("x", "x", "x") == decided
