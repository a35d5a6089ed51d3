"""Numbers that count as one answer."""

from __future__ import annotations

import pytest

from tests.services.collector.rules.batch import BatchOf


@pytest.mark.parametrize(
    ("tolerance", "one", "other", "agree"),
    [
        ("0.5", 1.0, 1.5, True),
        ("0.5", 1.0, 1.5000001, False),
        ("0.5", -1.5, -1.0, True),
        ("0.5", -0.25, 0.25, True),
        ("0.5", -0.25, 0.26, False),
        ("0.1", 0.1, 0.2, True),
        ("0.1", 0.7, 0.8, True),  # their distance is more than 0.1 in floating point
        ("0.5", 1e300, -1e300, False),
        ("5%", 100.0, 95.0, True),
        ("5%", 95.0, 100.1, False),
        ("5%", -95.0, -100.0, True),
        ("5%", -95.0, -100.1, False),
        ("5%", -1.0, 1.0, False),
        ("5%", 0.0, -0.0, True),
        ("5%", 0.0, 1e-300, False),  # a share of nearly nothing is less
        ("100%", 0.0, 7.0, True),
        ("100%", -0.001, 7.0, False),
        ("0", 1.0, 1.0, True),
        ("0%", 1.0, 1.0000001, False),
        ("0", 0.0, -0.0, True),
    ],
)
async def test_numbers_agree_up_to_the_tolerance_and_no_further(
    batch_of: BatchOf, tolerance: str, one: float, other: float, agree: bool
) -> None:
    batch = batch_of(f"{{consensus: {{tolerance: {tolerance}}}}}", records=2)
    batch.open()
    batch.say("a", one, other)
    batch.say("b", other, one)
    if not agree:
        batch.run_out_of_time()
    reason, agreed = ("CONSENSUS", "ab") if agree else ("PLURALITY_IN_TIME", "a")
    assert batch.verdicts(at_deadline=not agree) == [("a", reason, agreed)] * 2


async def test_the_nearest_to_the_median_speaks_below_zero_too(batch_of: BatchOf) -> None:
    batch = batch_of("{consensus: {quorum: all, tolerance: 10%}}", records=2)
    batch.open()
    batch.say("a", -110.0, -1.0)
    batch.say("b", -100.0, -0.0)
    batch.say("c", -105.0, 0.0)
    assert batch.verdicts() == [("c", "CONSENSUS", "abc"), ("b", "PLURALITY", "bc")]
