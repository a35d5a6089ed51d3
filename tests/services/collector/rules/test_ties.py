"""Ties, one level after the other."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from services.collector.rules.verdict import Value
from tests.services.collector.rules.batch import Batch, BatchOf, Verdict


def all_early(batch: Batch, confidences: Sequence[float], *values: Value) -> Verdict:
    """Open a batch whose results are all there already, so that they are judged at once."""
    for model, value, confidence in zip(batch.models, values, confidences, strict=True):
        batch.say(model, value, confidences=[confidence])
    batch.open()
    return batch.verdict()


SUREST = "otherwise: {quality: {by: confidence}}"


async def test_a_tie_goes_to_the_group_that_otherwise_chooses(batch_of: BatchOf) -> None:
    batch = batch_of(f"{{consensus: {{quorum: 2}}, {SUREST}}}", "a b c d")
    # The mean is higher in the first group, the surest is in the second.
    verdict = all_early(batch, [0.8, 0.8, 0.1, 0.9], "x", "x", "y", "y")
    assert verdict == ("c", "CONSENSUS", "cd")


async def test_otherwise_breaks_a_tie_by_all_of_its_own_rules(batch_of: BatchOf) -> None:
    """The quorum of the second rule is met by neither, so that the third chooses."""
    nested = f"otherwise: {{consensus: {{quorum: 3}}, {SUREST}}}"
    batch = batch_of(f"{{consensus: {{quorum: 2}}, {nested}}}", "a b c d")
    verdict = all_early(batch, [0.8, 0.8, 0.1, 0.9], "x", "x", "y", "y")
    assert verdict == ("c", "CONSENSUS", "cd")


async def test_it_is_no_tie_where_one_has_the_larger_weight(batch_of: BatchOf) -> None:
    batch = batch_of(f"{{consensus: {{quorum: 2, weights: {{b: 1.5}}}}, {SUREST}}}", "a b c d")
    verdict = all_early(batch, [0.1, 0.1, 0.9, 0.9], "x", "x", "y", "y")
    assert verdict == ("a", "CONSENSUS", "ab")


async def test_a_tie_that_nobody_else_breaks_goes_to_the_mean_confidence(batch_of: BatchOf) -> None:
    batch = batch_of("{consensus: {quorum: 2}}", "a b c d")
    # The surest is in the first group, the mean is higher in the second.
    verdict = all_early(batch, [0.9, 0.1, 0.6, 0.6], "x", "x", "y", "y")
    assert verdict == ("c", "CONSENSUS", "cd")


async def test_a_tie_of_means_goes_to_the_order_in_the_plan(batch_of: BatchOf) -> None:
    batch = batch_of("{consensus: {quorum: 2}}", "a b c d")
    verdict = all_early(batch, [0.2, 0.1, 0.2, 0.1], "y", "x", "x", "y")
    assert verdict == ("a", "CONSENSUS", "ad")


@pytest.mark.parametrize(
    ("confidences", "agreed"),
    [([0.1, 0.9, 0.2], "bc"), ([0.2, 0.9, 0.1], "ab"), ([0.2, 0.9, 0.2], "ab")],
)
async def test_whom_otherwise_chooses_may_be_in_both_groups_so_that_they_are_still_tied(
    batch_of: BatchOf, confidences: list[float], agreed: str
) -> None:
    batch = batch_of(f"{{consensus: {{quorum: 2, tolerance: 0.5}}, {SUREST}}}")
    verdict = all_early(batch, confidences, 1.0, 1.4, 1.8)
    assert verdict == (agreed[0], "CONSENSUS", agreed)
