"""The largest of the values seen of late."""

import pytest

from services.router.peak import Peak


def test_the_peak_stays_for_a_moment_and_fades() -> None:
    peak = Peak(memory_seconds=0.1)
    assert peak.at(0.5) == 0
    assert peak.seen(8, now=1.0) == 8
    assert peak.seen(2, now=1.01) == pytest.approx(7.24, abs=0.01)
    assert peak.at(1.01) == pytest.approx(7.24, abs=0.01)
    assert peak.seen(1, now=3.0) == 1
