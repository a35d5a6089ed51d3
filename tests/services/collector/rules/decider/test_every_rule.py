"""What every rule does alike: with nobody to answer, with a default, with a shadow."""

from __future__ import annotations

import pytest

from tests.services.collector.rules.decider.case import FAILED, OUT, Case


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
def test_a_shadow_is_neither_counted_nor_waited_for(rule: str) -> None:
    case = Case(f"{{{rule}}}", "~s a b", qualities=[1, 0.5, 0.5])
    assert case.decide("y", FAILED, FAILED) == ("-", "NO_ANSWER", "")
    assert case.decide("y", OUT, OUT) is None
    decided = case.decide(OUT, "x", "x")
    assert decided is not None
    assert decided[0::2] == ("a", "ab")
    assert case.decide("x", "x", "x") == decided
