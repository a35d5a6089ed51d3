"""Durations as people write them: `50ms`, `1.5s`, `2m`."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

from hedgerow.errors import InvalidInput

_MICROSECONDS = {"h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "ms": 1_000, "us": 1}
_DURATION = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?) ?(h|m|s|ms|us)")


class InvalidDuration(InvalidInput, ValueError):
    """A text that is no duration. A ValueError, so that settings report it as theirs."""


def parse_duration(text: str) -> timedelta:
    """Parse a number with one of the units us, ms, s, m, h; exact to the microsecond.

    Raises InvalidDuration.
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise InvalidDuration(
            f"{text!r} is no duration; write a number and us, ms, s, m or h, as in 50ms"
        )
    number, unit = match.groups()
    try:
        return timedelta(microseconds=int(Decimal(number) * _MICROSECONDS[unit]))
    except OverflowError as exc:
        raise InvalidDuration(f"{text!r} is longer than any duration; write less") from exc


def format_duration(duration: timedelta) -> str:
    """Write a duration as a whole number of the largest unit that fits: `50ms`, `1500ms`, `2m`, `0s`."""
    microseconds = duration // timedelta(microseconds=1)
    if not microseconds:
        return "0s"
    unit, size = next(item for item in _MICROSECONDS.items() if microseconds % item[1] == 0)
    return f"{microseconds // size}{unit}"
