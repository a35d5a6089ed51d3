"""Durations as users write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedgerow.durations import InvalidDuration, format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("50ms", timedelta(milliseconds=50)),
        ("1s", timedelta(seconds=1)),
        ("1.5 s", timedelta(milliseconds=1500)),
        ("250us", timedelta(microseconds=250)),
        ("2m", timedelta(minutes=2)),
        ("1h", timedelta(hours=1)),
    ],
)
def test_durations_are_read(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "50", "ms", "-1s", "1d", "1s2", "1e3s", f"{'9' * 15}h"])
def test_other_texts_are_no_durations(text: str) -> None:
    with pytest.raises(InvalidDuration):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0s", "1us", "50ms", "1500ms", "90s", "2m", "1h"])
def test_durations_are_written_in_the_largest_unit_that_fits(text: str) -> None:
    assert format_duration(parse_duration(text)) == text


@settings(deadline=None)
@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3)))
def test_durations_round_trip(duration: timedelta) -> None:
    assert parse_duration(format_duration(duration)) == duration
