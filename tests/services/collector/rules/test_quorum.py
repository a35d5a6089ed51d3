"""Quorums that become impossible, and possible again; and weights."""

from __future__ import annotations

import pytest

from tests.services.collector.rules.batch import BatchOf


@pytest.mark.parametrize(
    "how", ["fails", "is lost", "is not started", "has no time", "has no host"]
)
@pytest.mark.parametrize("when", ["first", "last"])
async def test_who_will_not_answer_makes_a_quorum_impossible_at_once(
    batch_of: BatchOf, how: str, when: str
) -> None:
    batch = batch_of("{consensus: {quorum: 3}, otherwise: {quality: {by: confidence}}}")

    def give_up() -> None:
        if how == "fails":
            batch.fail("c")
        elif how in ("is lost", "is not started"):
            batch.lose("c", not_started=how == "is not started")

    batch.open(hosted="ab" if how == "has no host" else "", no_time="c" * (how == "has no time"))
    if when == "first":
        give_up()
    batch.say("a", "x", confidences=[0.5])
    assert batch.waits  # for b may be surer
    batch.say("b", "x", confidences=[0.7])
    if when == "last":
        assert batch.waits == (how not in ("has no time", "has no host"))
        give_up()
    assert batch.verdict() == ("b", "BEST_QUALITY", "ab")


async def test_a_heavy_model_that_fails_takes_the_quorum_with_it(batch_of: BatchOf) -> None:
    batch = batch_of("{consensus: {weights: {a: 3}}, otherwise: {timeout: {}}}")
    batch.open()
    batch.say("b", "x")
    assert batch.waits
    batch.fail("a")  # two votes of five are left
    assert batch.verdict() == ("b", "PREFERRED", "b")


async def test_a_quorum_that_the_others_can_still_make_is_waited_for(batch_of: BatchOf) -> None:
    batch = batch_of("{consensus: {weights: {a: 3}, quorum: 2}, otherwise: {timeout: {}}}")
    batch.open()
    batch.say("b", "x")
    batch.fail("a")
    assert batch.waits
    batch.say("c", "x")
    assert batch.verdict() == ("b", "CONSENSUS", "bc")


async def test_a_record_without_an_answer_is_a_vote_less_for_itself_only(batch_of: BatchOf) -> None:
    batch = batch_of("{consensus: {quorum: all}, otherwise: {timeout: {}}}", records=2)
    batch.open()
    batch.say("a", "x", None)
    assert batch.undecided() == [0, 1]
    batch.say("b", "x", "y")
    assert batch.undecided() == [0]
    batch.say("c", "x", "y")
    assert batch.verdicts() == [("a", "CONSENSUS", "abc"), ("b", "PREFERRED", "b")]


async def test_whoever_failed_and_answers_after_all_makes_the_quorum_possible_again(
    batch_of: BatchOf,
) -> None:
    batch = batch_of("{consensus: {quorum: all}, otherwise: {timeout: {}}}")
    batch.open()
    batch.lose("a")
    batch.say("a", "x")  # from a second host
    assert batch.waits
    batch.say("b", "x")
    batch.say("c", "x")
    assert batch.verdict() == ("a", "CONSENSUS", "abc")


async def test_a_heavy_model_has_the_quorum_alone_and_the_light_ones_not_even_together(
    batch_of: BatchOf,
) -> None:
    batch = batch_of("{consensus: {weights: {c: 2.5}}}", records=2)
    batch.open()
    batch.say("a", "x", "x")
    batch.say("b", "x", "x")
    assert batch.undecided() == [0, 1]
    batch.say("c", "y", "x")
    assert batch.verdicts() == [("c", "CONSENSUS", "c"), ("a", "CONSENSUS", "abc")]


async def test_seven_tenths_and_one_tenth_are_eight_tenths(batch_of: BatchOf) -> None:
    """In floating point they are less."""
    batch = batch_of("{consensus: {quorum: 0.8, weights: {a: 0.1, b: 0.7, c: 0.1}}}")
    batch.open()
    batch.say("a", "x")
    batch.say("b", "x")
    assert batch.verdict() == ("a", "CONSENSUS", "ab")


async def test_one_tenth_and_two_tenths_are_no_more_than_three_tenths(batch_of: BatchOf) -> None:
    """In floating point they are more, and would be a majority against c."""
    batch = batch_of("{consensus: {weights: {a: 0.1, b: 0.2, c: 0.3}}}")
    batch.open()
    batch.say("a", "x")
    batch.say("b", "x")
    assert batch.waits
    batch.say("c", "y", confidences=[0.5])
    assert batch.verdict() == ("c", "PLURALITY", "c")
