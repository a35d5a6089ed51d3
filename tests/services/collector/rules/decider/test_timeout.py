"""The timeout rule: the order of the plan, and whom it waits for."""

from __future__ import annotations

from tests.services.collector.rules.decider.case import FAILED, OUT, Case

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
