"""A plan's policy, compiled once into what deciding needs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hedgerow.plans.plan import check_plan, exact, votes_of
from hedgerow.v1 import plans_pb2
from hedgerow.v1 import scoring_pb2 as pb
from services.collector.rules.consensus import ConsensusRule, Tolerance
from services.collector.rules.rule import NOBODY, QualityRule, Rule, TimeoutRule, Value, Verdict

_ROUNDING = 1e-12
"""Share of the larger magnitude that is forgiven: 1.1 is within 0.1 of 1.0, floating point or not."""


class Policy:
    """How the records of one plan are decided. Immutable."""

    __slots__ = ("default", "nothing", "rule", "tolerance", "voters")

    def __init__(self, rule: Rule, default: Value) -> None:
        self.rule = rule
        self.default = default
        """The answer of last resort, if there is one."""
        self.tolerance = rule.tolerance if isinstance(rule, ConsensusRule) else None
        """When two numbers are one answer; None: when they are equal."""
        self.voters = sum(1 << model for model in rule.voters)
        """A bit for each model that votes."""
        reason = pb.REASON_NO_ANSWER if default is None else pb.REASON_DEFAULT
        self.nothing: Verdict = (NOBODY, reason, 0)
        """The verdict where no voter answered."""


def compile_policy(plan: plans_pb2.Plan, qualities: Sequence[float] = ()) -> Policy:
    """Compile a plan; `qualities` are the registered qualities of its models, 0 for those left out.

    Raises InvalidPlan if the plan contradicts itself.
    """
    check_plan(plan)
    known = [quality if math.isfinite(quality) else 0.0 for quality in qualities]
    padded = known[: len(plan.models)] + [0.0] * (len(plan.models) - len(known))
    return Policy(_rule(plan, plan.policy.rule, padded), _default(plan.policy))


def _rule(plan: plans_pb2.Plan, rule: plans_pb2.Rule, qualities: Sequence[float]) -> Rule:
    kind = rule.WhichOneof("kind")
    if kind == "consensus":
        otherwise = _rule(plan, rule.otherwise, qualities) if rule.HasField("otherwise") else None
        return _consensus(plan, rule.consensus, otherwise)
    voters = [place for place, model in enumerate(plan.models) if not model.shadow]
    if kind == "quality":
        confident = rule.quality.by == plans_pb2.QUALITY_MEASURE_CONFIDENCE
        good_enough = rule.quality.good_enough if rule.quality.HasField("good_enough") else None
        return QualityRule(voters, None if confident else qualities, good_enough)
    return TimeoutRule(voters)


def _consensus(
    plan: plans_pb2.Plan, rule: plans_pb2.ConsensusRule, otherwise: Rule | None
) -> ConsensusRule:
    votes = [votes_of(model, rule) for model in plan.models]
    # In units in which every vote is a whole number, sums are exact and comparing them is cheap.
    unit = math.lcm(*[vote.denominator for vote in votes])
    whole = [(place, int(vote * unit)) for place, vote in enumerate(votes) if vote]
    needed = _needed(rule.quorum, sum([vote for _, vote in whole]), unit)
    return ConsensusRule(whole, needed, _tolerance(rule.tolerance), otherwise)


def _needed(quorum: plans_pb2.Quorum, total: int, unit: int) -> int:
    """How many of `total` units make the quorum, a vote being `unit` of them."""
    kind = quorum.WhichOneof("kind")
    if kind == "all":
        return total
    if kind == "votes":
        return math.ceil(exact(quorum.votes) * unit)
    return total // 2 + 1


def _tolerance(tolerance: plans_pb2.Tolerance) -> Tolerance | None:
    """Return the tolerance, or None for one that only equal numbers meet."""
    if not (tolerance.absolute or tolerance.relative):
        return None
    return Tolerance(tolerance.absolute, min(1.0, tolerance.relative + _ROUNDING))


def _default(policy: plans_pb2.Policy) -> Value:
    if not policy.HasField("default_answer"):
        return None
    default = policy.default_answer
    return default.label if default.WhichOneof("value") == "label" else default.number
