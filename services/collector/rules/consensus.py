"""The consensus rule: what enough models agree on.

A *group* is a largest possible set of voters whose answers all agree with each other. Labels, and numbers
without a tolerance, agree when they are equal, so the groups are disjoint. Numbers with a tolerance agree
when their distance is within it; 1.0, 1.4 and 1.8 within 0.5 make two groups, with 1.4 in both. A chain
of near values is not a group: 1.0 and 1.8 do not agree because somebody stands between them.

The answer of a group is one that a model gave: of the voter nearest the group's median (for labels: any).
Where several are equally near, of the one listed first.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import fsum
from operator import or_
from typing import NamedTuple, TypeGuard

from hedgerow.v1 import scoring_pb2 as pb
from services.collector.rules.rule import Rule, Value, Verdict, places_of

Group = tuple[int, int]
"""Votes of those who agree, and a bit for each of them."""


class Tolerance(NamedTuple):
    """When two numbers are one answer: distance <= absolute + relative x the larger magnitude."""

    absolute: float
    relative: float
    """At most 1: see `agree`."""

    def agree(self, low: float, high: float) -> bool:
        """Tell whether two numbers, low <= high, agree.

        If they do, so do all between them, which is what makes groups windows.
        """
        return high - low <= self.absolute + self.relative * max(abs(low), abs(high))


class ConsensusRule(Rule):
    """What a quorum of votes agrees on; without one what `otherwise` says, or the largest group.

    - CONSENSUS: a group has the quorum. Of several, the one with most votes; a tie of those is broken by
      `otherwise`, judging their answers alone, then by mean confidence, then by the order in the plan.
    - There can be no quorum when the votes of the largest group and of all who are outstanding do not
      suffice. From then on, and at the deadline, `otherwise` judges all answers by its own rule, which
      may mean that it waits for somebody the quorum no longer needs.
    - PLURALITY, where there is no `otherwise`: the largest group by votes, then mean confidence, then
      order in the plan. Before the deadline it waits until the outstanding votes can make no other group
      as large; with a tolerance, until none is outstanding, for numbers still to come can split a group.

    Votes are whole numbers: the plan's weights, scaled, so that sums are exact.
    """

    __slots__ = ("needed", "otherwise", "tolerance", "total", "votes")

    def __init__(
        self,
        votes: Sequence[tuple[int, int]],
        needed: int,
        tolerance: Tolerance | None,
        otherwise: Rule | None,
    ) -> None:
        """Take (place, votes) of each voter in the plan's order, and the votes that make a quorum."""
        super().__init__([model for model, _ in votes])
        self.votes = tuple(votes)
        self.total = sum([weight for _, weight in votes])
        self.needed = needed
        self.tolerance = tolerance
        self.otherwise = otherwise

    def judge(
        self,
        values: Sequence[Value],
        confidences: Sequence[float],
        outstanding: int,
        at_deadline: bool,
    ) -> Verdict | None:
        if self.too_few(outstanding, at_deadline):
            return None
        groups = self._groups(values)
        most, leader = max(groups, default=(0, 0))
        if most >= self.needed:
            if len(groups) > 1:
                leader = self._leader(groups, most, values, confidences)
            return self._spokesman(leader, values), pb.REASON_CONSENSUS, leader
        waiting = self.waiting(outstanding)
        if not at_deadline and most + waiting >= self.needed:
            return None
        if self.otherwise is not None:
            return self.otherwise.judge(values, confidences, outstanding, at_deadline)
        if not groups or (waiting and not at_deadline and self._may_change(groups, waiting)):
            return None
        leader = _first(_largest(groups, most), confidences)
        return self._spokesman(leader, values), pb.REASON_PLURALITY, leader

    def too_few(self, outstanding: int, at_deadline: bool) -> bool:
        """Tell, before anything is counted, that the record must wait.

        Those who have answered are too few for a quorum, and also to stand in the way of one.
        """
        waiting = self.waiting(outstanding)
        return not at_deadline and waiting >= self.needed > self.total - waiting

    def waiting(self, outstanding: int) -> int:
        """Return the votes of the voters who are outstanding."""
        waiting = 0
        for model, votes in self.votes:
            if outstanding >> model & 1:
                waiting += votes
        return waiting

    def _groups(self, values: Sequence[Value]) -> list[Group]:
        if self.tolerance is None:
            return self._equal(values)
        texts = [value if isinstance(value, str) else None for value in values]
        return self._equal(texts) + self._near(values, self.tolerance)

    def _equal(self, values: Sequence[Value]) -> list[Group]:
        votes: dict[Value, int] = {}
        members: dict[Value, int] = {}
        for model, weight in self.votes:
            value = values[model]
            if value in votes:
                votes[value] += weight
                members[value] |= 1 << model
            elif value is not None:
                votes[value] = weight
                members[value] = 1 << model
        return list(zip(votes.values(), members.values(), strict=True))

    def _near(self, values: Sequence[Value], tolerance: Tolerance) -> list[Group]:
        """The windows over the sorted numbers whose ends agree, from each number as far as they reach."""
        numbers = sorted(
            [
                (value, votes, 1 << model)
                for model, votes in self.votes
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
            votes = sum([votes for _, votes, _ in window])
            groups.append((votes, sum([member for _, _, member in window])))
        return groups

    def _leader(
        self,
        groups: list[Group],
        most: int,
        values: Sequence[Value],
        confidences: Sequence[float],
    ) -> int:
        """The members of the group with most votes, which has the quorum."""
        tied = _largest(groups, most)
        if len(tied) > 1 and self.otherwise is not None:
            theirs = reduce(or_, tied)
            those = [value if theirs >> model & 1 else None for model, value in enumerate(values)]
            verdict = self.otherwise.judge(those, confidences, 0, True)
            assert verdict is not None, "a rule finds an answer where there is one"
            tied = [members for members in tied if members >> verdict[0] & 1]
        return _first(tied, confidences)

    def _may_change(self, groups: list[Group], waiting: int) -> bool:
        """Whether outstanding votes could make another group as large as the largest."""
        if self.tolerance is not None:
            return True
        second, most = [0, *sorted([votes for votes, _ in groups])][-2:]
        return most <= second + waiting

    def _spokesman(self, group: int, values: Sequence[Value]) -> int:
        """The member whose answer is the group's."""
        if self.tolerance is None:
            return (group & -group).bit_length() - 1
        members = places_of(group)
        numbers = sorted([value for model in members if is_number(value := values[model])])
        if not numbers:
            return members[0]
        # With an even number of members the two in the middle are equally near the median.
        middle = numbers[(len(numbers) - 1) // 2], numbers[len(numbers) // 2]
        return next(model for model in members if values[model] in middle)


def _largest(groups: list[Group], most: int) -> list[int]:
    return [members for votes, members in groups if votes == most]


def _first(tied: list[int], confidences: Sequence[float]) -> int:
    """Of groups with equal votes the one with the higher mean confidence, then the best listed."""
    if len(tied) == 1:
        return tied[0]

    def order(group: int) -> tuple[float, list[int]]:
        members = places_of(group)
        return -fsum([confidences[model] for model in members]) / len(members), members

    return min(tied, key=order)


def is_number(value: Value) -> TypeGuard[float]:
    """Tell whether an answer is a number."""
    return value is not None and not isinstance(value, str)
