"""What the bench says: a figure, what it is compared with, and whether its target was held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """A bound, on the ratio to the floor (in `x`) or on the figure itself."""

    bound: float
    unit: str = "x"
    at_most: bool = False

    def held_by(self, number: float) -> bool:
        """Tell whether a number is within the bound."""
        return number <= self.bound if self.at_most else number >= self.bound

    def __str__(self) -> str:
        return f"{'at most' if self.at_most else 'at least'} {self.bound:g} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the table."""

    what: str
    value: float
    unit: str
    floor: float | None = None
    ratio: float | None = None
    target: Target | None = None
    note: str = ""

    @property
    def held(self) -> bool | None:
        """Whether the target was held; None without one."""
        if self.target is None:
            return None
        number = self.ratio if self.target.unit == "x" else self.value
        return number is not None and self.target.held_by(number)

    def to_json(self) -> dict[str, Any]:
        """Return it as what JSON knows."""
        return {
            "what": self.what,
            "value": self.value,
            "unit": self.unit,
            "floor": self.floor,
            "ratio": self.ratio,
            "target": str(self.target) if self.target else None,
            "held": self.held,
            "note": self.note,
        }


def compared(
    what: str, unit: str, pairs: Sequence[tuple[float, float]], target: Target | None = None
) -> Figure:
    """Return the medians of (floor, mesh) pairs and that of their ratios, taken pair by pair."""
    ratio = median(mesh / floor for floor, mesh in pairs)
    floor, value = median(floor for floor, _ in pairs), median(mesh for _, mesh in pairs)
    return Figure(what, value, unit, floor, ratio, target)
