"""A size: one number that was measured, by a key that docs, tests and the simulation find it by."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Size:
    """A line of SIZES.md."""

    key: str
    """`memory.router.load`: part, what it is of, and which of several numbers."""
    what: str
    value: float
    unit: str
