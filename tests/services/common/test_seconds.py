from __future__ import annotations

import pytest

from services.common.seconds import duration_of, seconds_of


@pytest.mark.parametrize("seconds", [0.0, 1e-9, 0.25, 1.000000001, 3600.5, -0.5])
def test_seconds_travel_to_the_nanosecond(seconds: float) -> None:
    assert seconds_of(duration_of(seconds)) == pytest.approx(seconds, abs=1e-9)


def test_less_than_a_nanosecond_is_rounded() -> None:
    assert duration_of(1.6e-9).ToNanoseconds() == 2
    assert duration_of(0.4e-9).ToNanoseconds() == 0
