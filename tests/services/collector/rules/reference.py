"""The deciding function once more: slow, and as near to the words of the design as code can be.

It works on names and sets, enumerates all groups and all futures, and shares nothing with the service but
the plan's message. Votes are fractions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from math import inf
from statistics import median

from hedgerow.v1 import plans_pb2 as pb
from hedgerow.v1 import rules_pb2

Answer = str | float
Verdict = tuple[int | None, str, frozenset[int]]
"""Who answered, why, and who agreed."""


@dataclass(frozen=True)
class Situation:
    """What is known about one record."""

    plan: pb.Plan
    qualities: Mapping[int, float]
    said: Mapping[int, Answer]
    confidences: Mapping[int, float]
    out: frozenset[int]
    at_deadline: bool

    @property
    def voters(self) -> list[int]:
        return [i for i, model in enumerate(self.plan.models) if not model.shadow]

    @property
    def answered(self) -> list[int]:
        return [i for i in self.voters if i in self.said]

    @property
    def waiting(self) -> list[int]:
        return [i for i in self.voters if i in self.out]

    def saying(self, extra: Mapping[int, Answer]) -> Situation:
        """A future in which those who are out say this."""
        return replace(self, said={**self.said, **extra}, out=self.out - extra.keys())


def decide(situation: Situation) -> Verdict | None:
    verdict = _judge(situation.plan.policy.rule, situation)
    if verdict is None and (situation.at_deadline or not situation.waiting):
        default = situation.plan.policy.HasField("default_answer")
        return None, "DEFAULT" if default else "NO_ANSWER", frozenset()
    return verdict


def _judge(rule: rules_pb2.Rule, situation: Situation) -> Verdict | None:
    if rule.HasField("timeout"):
        return _timeout(situation)
    if rule.HasField("quality"):
        return _quality(rule.quality, situation)
    return _consensus(rule, situation)


def _same(situation: Situation, who: int) -> frozenset[int]:
    return frozenset(i for i in situation.answered if situation.said[i] == situation.said[who])


def _timeout(situation: Situation) -> Verdict | None:
    possible = [i for i in situation.voters if i in situation.said or i in situation.out]
    if possible and possible[0] in situation.said:
        return possible[0], "PREFERRED", _same(situation, possible[0])
    if situation.at_deadline and situation.answered:
        best = min(situation.answered)
        return best, "BEST_AVAILABLE", _same(situation, best)
    return None


def _quality(rule: rules_pb2.QualityRule, situation: Situation) -> Verdict | None:
    confident = rule.WhichOneof("measure") == "confidence"

    def measure(i: int) -> float:
        if confident:
            return situation.confidences.get(i, 0)
        return situation.qualities.get(i, -inf) if rule.metric else -i

    ranked = sorted(situation.answered, key=lambda i: (-measure(i), i))
    if not ranked:
        return None
    possible = [1.0 if confident else measure(i) for i in situation.waiting]
    if all(measure(ranked[0]) >= best for best in possible):
        return ranked[0], "BEST_QUALITY", _same(situation, ranked[0])
    if rule.HasField("good_enough"):
        for i in ranked:
            if situation.confidences.get(i, 0) >= rule.good_enough:
                return i, "GOOD_ENOUGH", _same(situation, i)
    if situation.at_deadline:
        return ranked[0], "BEST_QUALITY", _same(situation, ranked[0])
    return None


def _consensus(rule: rules_pb2.Rule, situation: Situation) -> Verdict | None:
    consensus = rule.consensus
    votes = {
        i: Fraction(repr(consensus.weights.get(situation.plan.models[i].name, 1.0)))
        for i in situation.voters
    }
    groups = _groups(consensus, situation)
    quorate = [group for group in groups if _reaches(consensus, votes, group)]
    if quorate:
        group = _pick(rule, votes, quorate, situation)
        return _spokesman(group, situation), "CONSENSUS", group
    if not situation.at_deadline and _quorum_possible(consensus, votes, situation):
        return None
    if rule.HasField("otherwise"):
        return _judge(rule.otherwise, situation)
    if not groups or (not situation.at_deadline and _may_change(consensus, votes, situation)):
        return None
    group = _largest(votes, groups, situation)
    return _spokesman(group, situation), "PLURALITY", group


def _reaches(
    rule: rules_pb2.ConsensusRule, votes: Mapping[int, Fraction], group: Iterable[int]
) -> bool:
    total, have = sum(votes.values()), sum(votes[i] for i in group)
    kind = rule.quorum.WhichOneof("kind")
    if kind == "votes":
        return have >= Fraction(repr(rule.quorum.votes))
    return have == total if kind == "all" else have > total / 2


def _agree(rule: rules_pb2.ConsensusRule, one: Answer, other: Answer) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    larger = max(abs(one), abs(other))
    allowed = rule.tolerance.absolute + rule.tolerance.relative * larger
    return one == other or (allowed > 0 and abs(one - other) <= allowed + 1e-12 * larger)


def _groups(rule: rules_pb2.ConsensusRule, situation: Situation) -> list[frozenset[int]]:
    """All largest sets of voters any two of whom agree."""
    said = situation.said
    sets = [
        frozenset(members)
        for size in range(1, len(situation.answered) + 1)
        for members in combinations(situation.answered, size)
        if all(_agree(rule, said[i], said[j]) for i, j in combinations(members, 2))
    ]
    return [one for one in sets if not any(one < other for other in sets)]


def _quorum_possible(
    rule: rules_pb2.ConsensusRule, votes: Mapping[int, Fraction], situation: Situation
) -> bool:
    """Whether some future has a quorum: nothing helps more than that all who are out say one thing."""
    futures: list[Answer] = [*situation.said.values(), "something new"]
    return any(
        _reaches(rule, votes, group)
        for answer in futures
        for group in _groups(rule, situation.saying(dict.fromkeys(situation.waiting, answer)))
    )


def _may_change(
    rule: rules_pb2.ConsensusRule, votes: Mapping[int, Fraction], situation: Situation
) -> bool:
    """Whether some future has another group with as many votes as the largest has."""
    if rule.tolerance.absolute or rule.tolerance.relative:
        return bool(situation.waiting)
    if not situation.waiting:
        return False
    group = _largest(votes, _groups(rule, situation), situation)
    leading = situation.said[min(group)]
    futures = {*situation.said.values(), "something new"} - {leading}
    for answer in futures:
        future = situation.saying(dict.fromkeys(situation.waiting, answer))
        others = [i for i in future.answered if future.said[i] == answer]
        if sum(votes[i] for i in others) >= sum(votes[i] for i in group):
            return True
    return False


def _pick(
    rule: rules_pb2.Rule,
    votes: Mapping[int, Fraction],
    groups: list[frozenset[int]],
    situation: Situation,
) -> frozenset[int]:
    most = max(sum(votes[i] for i in group) for group in groups)
    tied = [group for group in groups if sum(votes[i] for i in group) == most]
    if len(tied) > 1 and rule.HasField("otherwise"):
        members = frozenset().union(*tied)
        theirs = {i: answer for i, answer in situation.said.items() if i in members}
        among = replace(situation, said=theirs, out=frozenset(), at_deadline=True)
        verdict = _judge(rule.otherwise, among)
        assert verdict is not None
        tied = [group for group in tied if verdict[0] in group]
    return _largest(votes, tied, situation)


def _largest(
    votes: Mapping[int, Fraction], groups: list[frozenset[int]], situation: Situation
) -> frozenset[int]:
    def order(group: frozenset[int]) -> tuple[Fraction, Fraction, list[int]]:
        trust = sum((Fraction(situation.confidences.get(i, 0)) for i in group), Fraction(0))
        return -sum((votes[i] for i in group), Fraction(0)), -trust / len(group), sorted(group)

    return min(groups, key=order)


def _spokesman(group: frozenset[int], situation: Situation) -> int:
    said = situation.said
    numbers = [Fraction(value) for i in group if not isinstance(value := said[i], str)]
    if not numbers:
        return min(group)
    middle = median(numbers)
    return min(group, key=lambda i: (abs(Fraction(said[i]) - middle), i))
