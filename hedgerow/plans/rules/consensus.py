"""`consensus: {quorum: majority, tolerance: 5%, weights: {wine-net: 2}}` - what enough models agree on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hedgerow.plans.tolerances import check_tolerance, tolerance_from
from hedgerow.plans.yaml_values import mapping, number, refusal
from hedgerow.v1 import rules_pb2 as pb
from hedgerow.v1.plans_pb2 import PlanModel

MAY_FIND_NOTHING = True
"""No quorum."""


def exact(number: float) -> Fraction:
    """Return a number as it was written: 0.1 is a tenth, so that sums of weights are what they seem."""
    return Fraction(repr(number))


def votes_of(model: PlanModel, rule: pb.ConsensusRule) -> Fraction:
    """Return the votes of a model of a plan under a rule, exactly."""
    return Fraction(0) if model.shadow else exact(rule.weights.get(model.name, 1.0))


# -- reading -------------------------------------------------------------------------------------------


def read(path: str, item: object) -> pb.ConsensusRule:
    """Read the rule. Raises InvalidPlan."""
    fields = mapping(path, item, ("quorum", "tolerance", "weights"))
    rule = pb.ConsensusRule()
    if "quorum" in fields:
        rule.quorum.CopyFrom(_quorum_from(f"{path}.quorum", fields["quorum"]))
    if "tolerance" in fields:
        rule.tolerance.CopyFrom(tolerance_from(f"{path}.tolerance", fields["tolerance"]))
    weights = f"{path}.weights"
    for name, weight in mapping(weights, fields.get("weights")).items():
        rule.weights[name] = number(f"{weights}.{name}", weight, "a number of votes")
    return rule


def _quorum_from(path: str, item: object) -> pb.Quorum:
    if item == "majority":
        return pb.Quorum(majority=True)
    if item == "all":
        return pb.Quorum(all=True)
    return pb.Quorum(votes=number(path, item, "majority, all or a number of votes"))


# -- writing -------------------------------------------------------------------------------------------


def write(rule: pb.ConsensusRule) -> dict[str, Any]:
    """Write the rule."""
    fields: dict[str, Any] = {}
    quorum = rule.quorum.WhichOneof("kind")
    if quorum is not None:
        fields["quorum"] = _plain(rule.quorum.votes) if quorum == "votes" else quorum
    tolerance = rule.tolerance.WhichOneof("kind")
    if tolerance == "absolute":
        fields["tolerance"] = rule.tolerance.absolute
    elif tolerance == "relative":
        share = Decimal(repr(rule.tolerance.relative)) * 100
        fields["tolerance"] = f"{share.normalize():f}%"
    if rule.weights:
        fields["weights"] = {name: _plain(rule.weights[name]) for name in sorted(rule.weights)}
    return fields


def _plain(number: float) -> float:
    """Votes as people write them: 2, not 2.0."""
    return int(number) if number.is_integer() else number


# -- checking ------------------------------------------------------------------------------------------


def check(path: str, rule: pb.ConsensusRule, models: Sequence[PlanModel]) -> None:
    """Raise InvalidPlan if a weight has no voter, a quorum cannot be reached, or a tolerance is none."""
    voters = {model.name for model in models if not model.shadow}
    for name, weight in sorted(rule.weights.items()):
        if name not in voters:
            there = (
                "is a shadow"
                if any(model.name == name for model in models)
                else "is not in the plan"
            )
            raise refusal(f"{path}.weights", f"{name!r} {there} and has no vote; leave it out")
        if not (math.isfinite(weight) and weight > 0):
            raise refusal(f"{path}.weights.{name}", f"{weight:g} is no weight; give more than 0")
    _check_quorum(f"{path}.quorum", rule, models)
    check_tolerance(f"{path}.tolerance", rule.tolerance)


def _check_quorum(path: str, rule: pb.ConsensusRule, models: Sequence[PlanModel]) -> None:
    if rule.quorum.WhichOneof("kind") != "votes":
        return
    votes = rule.quorum.votes
    if not (math.isfinite(votes) and votes > 0):
        raise refusal(
            path, f"{votes:g} is no number of votes; give more than 0, 'majority' or 'all'"
        )
    there = sum((votes_of(model, rule) for model in models), Fraction(0))
    if exact(votes) > there:
        raise refusal(
            path,
            f"{votes:g} of {float(there):g} votes can never agree; give at most {float(there):g}",
        )
