"""Groups of models that agree, for one record; for many, see `column_groups`.

A *group* is a largest possible set of voters whose answers all agree with each other. Labels, and numbers
without a tolerance, agree when they are equal, so the groups are disjoint. Numbers with a tolerance agree
when their distance is within it; 1.0, 1.4 and 1.8 within 0.5 make two groups, with 1.4 in both. A chain
of near values is not a group: 1.0 and 1.8 do not agree because somebody stands between them.

The answer of a group is one that a model gave: of the voter nearest the group's median (for labels: any).
Where several are equally near, of the one listed first.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

from services.collector.rules.tolerance import Tolerance
from services.collector.rules.verdict import Value, is_number, places_of

Group = tuple[int, int]
"""Votes of those who agree, and a bit for each of them."""

Votes = Sequence[tuple[int, int]]
"""Place and votes of each voter, in the plan's order."""


def groups_of(votes: Votes, values: Sequence[Value], tolerance: Tolerance | None) -> list[Group]:
    """Return all groups, in the order of those who are listed first in each; numbers come last."""
    if tolerance is None:
        return _equal(votes, values)
    texts = [value if isinstance(value, str) else None for value in values]
    return _equal(votes, texts) + _near(votes, values, tolerance)


def largest(groups: list[Group], most: int) -> list[int]:
    """Return the members of each group with this many votes."""
    return [members for votes, members in groups if votes == most]


def first(tied: list[int], confidences: Sequence[float]) -> int:
    """Break a tie of groups with equal votes: higher mean confidence, then the best listed."""
    if len(tied) == 1:
        return tied[0]

    def order(group: int) -> tuple[float, list[int]]:
        members = places_of(group)
        return -fsum([confidences[model] for model in members]) / len(members), members

    return min(tied, key=order)


def spokesman(group: int, values: Sequence[Value], tolerance: Tolerance | None) -> int:
    """Return the member whose answer is the group's."""
    if tolerance is None:
        return (group & -group).bit_length() - 1
    members = places_of(group)
    numbers = sorted([value for model in members if is_number(value := values[model])])
    if not numbers:
        return members[0]
    # With an even number of members the two in the middle are equally near the median.
    middle = numbers[(len(numbers) - 1) // 2], numbers[len(numbers) // 2]
    return next(model for model in members if values[model] in middle)


def _equal(votes: Votes, values: Sequence[Value]) -> list[Group]:
    together: dict[Value, int] = {}
    members: dict[Value, int] = {}
    for model, weight in votes:
        value = values[model]
        if value in together:
            together[value] += weight
            members[value] |= 1 << model
        elif value is not None:
            together[value] = weight
            members[value] = 1 << model
    return list(zip(together.values(), members.values(), strict=True))


def _near(votes: Votes, values: Sequence[Value], tolerance: Tolerance) -> list[Group]:
    """The windows over the sorted numbers whose ends agree, from each number as far as they reach."""
    numbers = sorted(
        [
            (value, weight, 1 << model)
            for model, weight in votes
            if is_number(value := values[model])
        ]
    )
    groups = []
    stop = 0
    for start, (low, _, _) in enumerate(numbers):
        while stop < len(numbers) and tolerance.agree(low, numbers[stop][0]):
            stop += 1
        # One that ends where the one before it does is part of it, and has fewer votes.
        window = numbers[start:stop]
        together = sum([weight for _, weight, _ in window])
        groups.append((together, sum([member for _, _, member in window])))
    return groups
