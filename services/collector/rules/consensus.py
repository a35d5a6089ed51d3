"""What enough models agree on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Self

from hedgerow.plans.rules.consensus import exact, votes_of
from hedgerow.v1 import rules_pb2 as pb
from hedgerow.v1.plans_pb2 import PlanModel
from services.collector.rules.column_groups import column_groups_of
from services.collector.rules.columns import Columns, Verdicts
from services.collector.rules.groups import Group, first, groups_of, largest, spokesman
from services.collector.rules.rule import Rule
from services.collector.rules.tolerance import Tolerance
from services.collector.rules.verdict import Value, Verdict

_EXACT = 2**62
"""Over columns, votes are added as 64-bit whole numbers."""


class ConsensusRule(Rule):
    """What a quorum of votes agrees on; without one what `otherwise` says, or the largest group.

    - CONSENSUS: a group (see `groups`) has the quorum. Of several, the one with most votes; a tie of those
      is broken by `otherwise`, judging their answers alone, then by mean confidence, then by the order in
      the plan.
    - There can be no quorum when the votes of the largest group and of all who are outstanding do not
      suffice. From then on, and at the deadline, `otherwise` judges all answers by its own rule, which
      may mean that it waits for somebody the quorum no longer needs.
    - PLURALITY, where there is no `otherwise`: the largest group by votes, then mean confidence, then
      order in the plan. Before the deadline it waits until the outstanding votes can make no other group
      as large; with a tolerance, until none is outstanding, for numbers still to come can split a group.

    Votes are whole numbers: the plan's weights, scaled, so that sums are exact.
    """

    __slots__ = ("needed", "otherwise", "total", "votes")

    def __init__(
        self,
        votes: Sequence[tuple[int, int]],
        needed: int,
        tolerance: Tolerance | None,
        otherwise: Rule | None,
    ) -> None:
        """Take (place, votes) of each voter in the plan's order, and the votes that make a quorum."""
        super().__init__([model for model, _ in votes], tolerance)
        self.votes = tuple(votes)
        self.total = sum([weight for _, weight in votes])
        self.needed = needed
        self.otherwise = otherwise

    @classmethod
    def of(
        cls,
        rule: pb.Rule,
        models: Sequence[PlanModel],
        qualities: Sequence[float],
        otherwise: Rule | None,
    ) -> Self:
        consensus = rule.consensus
        votes = [votes_of(model, consensus) for model in models]
        # In units in which every vote is a whole number, sums are exact and comparing them is cheap.
        unit = math.lcm(*[vote.denominator for vote in votes])
        whole = [(place, int(vote * unit)) for place, vote in enumerate(votes) if vote]
        needed = _needed(consensus.quorum, sum([vote for _, vote in whole]), unit)
        return cls(whole, needed, Tolerance.of(consensus.tolerance), otherwise)

    def judge(
        self,
        values: Sequence[Value],
        confidences: Sequence[float],
        outstanding: int,
        at_deadline: bool,
    ) -> Verdict | None:
        if self._too_few(outstanding, at_deadline):
            return None
        groups = groups_of(self.votes, values, self.tolerance)
        most, leader = max(groups, default=(0, 0))
        if most >= self.needed:
            if len(groups) > 1:
                leader = self._leader(groups, most, values, confidences)
            return spokesman(leader, values, self.tolerance), pb.REASON_CONSENSUS, leader
        waiting = self._waiting(outstanding)
        if not at_deadline and most + waiting >= self.needed:
            return None
        if self.otherwise is not None:
            return self.otherwise.judge(values, confidences, outstanding, at_deadline)
        if not groups or (waiting and not at_deadline and self._may_change(groups, waiting)):
            return None
        leader = first(largest(groups, most), confidences)
        return spokesman(leader, values, self.tolerance), pb.REASON_PLURALITY, leader

    def judge_columns(self, columns: Columns, outstanding: int, at_deadline: bool) -> Verdicts:
        if self.total >= _EXACT:
            return Verdicts.left_to_judge(columns.size)
        verdicts = Verdicts(columns.size)
        if self._too_few(outstanding, at_deadline):
            return verdicts
        waiting = self._waiting(outstanding)
        groups = column_groups_of(self.votes, columns, self.tolerance)
        quorate = groups.most >= self.needed
        groups.settle(quorate, pb.REASON_CONSENSUS, verdicts)
        rest = ~quorate
        if not at_deadline:
            rest &= groups.most + waiting < self.needed
        if self.otherwise is not None:
            if rest.any():
                others = self.otherwise.judge_columns(columns.take(rest), outstanding, at_deadline)
                verdicts.put(rest, others)
            return verdicts
        if waiting and not at_deadline:
            rest &= (groups.most > groups.second + waiting) & (self.tolerance is None)
        groups.settle(rest & (groups.most > 0), pb.REASON_PLURALITY, verdicts)
        return verdicts

    def _too_few(self, outstanding: int, at_deadline: bool) -> bool:
        """Tell, before anything is counted, that the record must wait.

        Those who have answered are too few for a quorum, and also to stand in the way of one.
        """
        waiting = self._waiting(outstanding)
        return not at_deadline and waiting >= self.needed > self.total - waiting

    def _waiting(self, outstanding: int) -> int:
        """Return the votes of the voters who are outstanding."""
        waiting = 0
        for model, votes in self.votes:
            if outstanding >> model & 1:
                waiting += votes
        return waiting

    def _leader(
        self,
        groups: list[Group],
        most: int,
        values: Sequence[Value],
        confidences: Sequence[float],
    ) -> int:
        """The members of the group with most votes, which has the quorum."""
        tied = largest(groups, most)
        if len(tied) > 1 and self.otherwise is not None:
            theirs = reduce(or_, tied)
            those = [value if theirs >> model & 1 else None for model, value in enumerate(values)]
            verdict = self.otherwise.judge(those, confidences, 0, True)
            assert verdict is not None, "a rule finds an answer where there is one"
            tied = [members for members in tied if members >> verdict[0] & 1]
        return first(tied, confidences)

    def _may_change(self, groups: list[Group], waiting: int) -> bool:
        """Whether outstanding votes could make another group as large as the largest."""
        if self.tolerance is not None:
            return True
        second, most = [0, *sorted([votes for votes, _ in groups])][-2:]
        return most <= second + waiting


def _needed(quorum: pb.Quorum, total: int, unit: int) -> int:
    """How many of `total` units make the quorum, a vote being `unit` of them."""
    kind = quorum.WhichOneof("kind")
    if kind == "all":
        return total
    if kind == "votes":
        return math.ceil(exact(quorum.votes) * unit)
    return total // 2 + 1
