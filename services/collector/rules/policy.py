"""A plan's policy, compiled once into what deciding needs."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hedgerow.plans.checks import check_plan
from hedgerow.v1 import plans_pb2
from hedgerow.v1 import rules_pb2 as pb
from services.collector.rules.consensus import ConsensusRule
from services.collector.rules.quality import QualityRule
from services.collector.rules.rule import Rule
from services.collector.rules.timeout import TimeoutRule
from services.collector.rules.verdict import NOBODY, Value, Verdict

RULES: dict[str, type[Rule]] = {
    "timeout": TimeoutRule,
    "consensus": ConsensusRule,
    "quality": QualityRule,
}
"""By their names in the contract (`Rule.kind`)."""


class Policy:
    """How the records of one plan are decided. Immutable."""

    __slots__ = ("default", "nothing", "rule", "tolerance", "voters")

    def __init__(self, rule: Rule, default: Value) -> None:
        self.rule = rule
        self.default = default
        """The answer of last resort, if there is one."""
        self.tolerance = rule.tolerance
        """When two numbers are one answer; None: when they are equal."""
        self.voters = sum(1 << model for model in rule.voters)
        """A bit for each model that votes."""
        reason = pb.REASON_NO_ANSWER if default is None else pb.REASON_DEFAULT
        self.nothing: Verdict = (NOBODY, reason, 0)
        """The verdict where no voter answered."""


def compile_policy(plan: plans_pb2.Plan, qualities: Sequence[float] = ()) -> Policy:
    """Compile a plan; `qualities` are what its metric says of its models: higher is better.

    Those left out, or no number, are -infinity: none. Raises InvalidPlan if the plan contradicts itself.
    """
    check_plan(plan)
    known = [-math.inf if math.isnan(quality) else quality for quality in qualities]
    padded = known[: len(plan.models)] + [-math.inf] * (len(plan.models) - len(known))
    return Policy(_rule(plan, plan.policy.rule, padded), _default(plan.policy))


def _rule(plan: plans_pb2.Plan, rule: pb.Rule, qualities: Sequence[float]) -> Rule:
    kind = rule.WhichOneof("kind")
    assert kind is not None, "a plan without a rule was refused"
    otherwise = _rule(plan, rule.otherwise, qualities) if rule.HasField("otherwise") else None
    return RULES[kind].of(rule, plan.models, qualities, otherwise)


def _default(policy: plans_pb2.Policy) -> Value:
    if not policy.HasField("default_answer"):
        return None
    default = policy.default_answer
    return default.label if default.WhichOneof("value") == "label" else default.number
