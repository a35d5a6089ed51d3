"""What judges where there is no consensus, and when."""

from __future__ import annotations

from tests.services.collector.rules.decider.case import OUT, Case

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
