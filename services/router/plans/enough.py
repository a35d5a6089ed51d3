"""How many models must have answered before a policy may be content."""

from __future__ import annotations

from fractions import Fraction

from hedgerow.plans.rules.consensus import exact, votes_of
from hedgerow.v1.plans_pb2 import Plan
from hedgerow.v1.rules_pb2 import ConsensusRule


def enough_of(plan: Plan) -> int:
    """Return the least number of models whose answers may decide a record; 0: it takes all of them.

    A quorum that can no more be reached may be known sooner. That is seldom, and costs only time.
    """
    voters = sum(not model.shadow for model in plan.models)
    rule = plan.policy.rule
    kind = rule.WhichOneof("kind")
    least = 1
    if kind == "consensus":
        least = _for_quorum(plan, rule.consensus)
    elif kind == "quality" and rule.quality.confidence and not rule.quality.HasField("good_enough"):
        least = voters
    return least if least < voters else 0


def _for_quorum(plan: Plan, rule: ConsensusRule) -> int:
    votes = sorted(
        (votes_of(model, rule) for model in plan.models if not model.shadow), reverse=True
    )
    total = sum(votes, Fraction(0))
    kind = rule.quorum.WhichOneof("kind")
    count, have = 0, Fraction(0)
    for vote in votes:
        count, have = count + 1, have + vote
        if kind == "votes" and have >= exact(rule.quorum.votes):
            break
        if kind in (None, "majority") and 2 * have > total:
            break
    return count
