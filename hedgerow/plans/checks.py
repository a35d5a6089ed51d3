"""What a plan must not say: contradictions, each refused with the path of what is wrong.

The check needs no registry. Whether the models exist is for who knows them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction

from hedgerow.errors import InvalidPlan
from hedgerow.plans.strategy_checks import check_strategy
from hedgerow.references import InvalidName, Reference, check_name
from hedgerow.v1 import plans_pb2 as pb

MAX_MODELS = 64
"""As many as there are bits in `Decision.agreed`."""

MAX_RULES = 8
"""Rules in a chain of `otherwise`; more than any plan needs, and an end to one that refers to itself."""

MAX_DEADLINE = timedelta(hours=1)
_HOUR = MAX_DEADLINE // timedelta(microseconds=1)


def check_plan(plan: pb.Plan) -> None:
    """Raise InvalidPlan, naming the path, if a plan contradicts itself."""
    _check_named("data_type", "data type", plan.data_type)
    _check_models(plan.models)
    policy = plan.policy
    if policy.HasField("deadline") and not 0 < policy.deadline.ToMicroseconds() <= _HOUR:
        raise _refusal("policy.deadline", "it must be more than 0 and at most 1h")
    _check_rule("policy", policy.rule, plan.models)
    if policy.HasField("default_answer"):
        _check_default(policy.default_answer)
    check_strategy(plan)


def check_depth(path: str) -> None:
    """Raise InvalidPlan if the rule at a path is one too many in its chain."""
    if path.count(".otherwise") >= MAX_RULES:
        raise _refusal("policy", f"'otherwise' nests too deep; give at most {MAX_RULES} rules")


def exact(number: float) -> Fraction:
    """Return a number as it was written: 0.1 is a tenth, so that sums of weights are what they seem."""
    return Fraction(repr(number))


def votes_of(model: pb.PlanModel, rule: pb.ConsensusRule) -> Fraction:
    """Return the votes of a model of a plan under a rule, exactly."""
    return Fraction(0) if model.shadow else exact(rule.weights.get(model.name, 1.0))


def _check_models(models: Iterable[pb.PlanModel]) -> None:
    listed = list(models)
    if not listed:
        raise _refusal("models", "there are none; list at least one")
    if len(listed) > MAX_MODELS:
        raise _refusal("models", f"there are {len(listed)}; list at most {MAX_MODELS}")
    for position, model in enumerate(listed):
        _check_named(f"models[{position}].name", "model", model.name)
    _check_distinct(listed)
    if all(model.shadow for model in listed):
        raise _refusal(
            "models", "all are shadows, so none can answer; leave 'shadow' off at least one"
        )


def _check_distinct(models: list[pb.PlanModel]) -> None:
    """Two versions of a model may stand side by side if both are pinned: else they may be the same."""
    names = Counter(model.name for model in models)
    seen: set[Reference] = set()
    for position, model in enumerate(models):
        reference = Reference(model.name, model.version)
        if reference in seen or (names[model.name] > 1 and not model.version):
            raise _refusal(
                f"models[{position}].name",
                f"{model.name!r} stands twice; list it once, or different versions of it such as"
                f" '{model.name}@1' and '{model.name}@2'",
            )
        seen.add(reference)


def _check_rule(path: str, rule: pb.Rule, models: Iterable[pb.PlanModel]) -> None:
    kind = rule.WhichOneof("kind")
    if kind is None:
        raise _refusal(path, "there is no rule; give one of timeout, consensus, quality")
    if kind == "consensus":
        _check_consensus(f"{path}.consensus", rule.consensus, list(models))
    elif rule.HasField("otherwise"):
        raise _refusal(
            f"{path}.otherwise",
            f"{kind} finds an answer wherever there is one; 'otherwise' stands beside consensus only",
        )
    if kind == "quality":
        _check_quality(f"{path}.quality", rule.quality)
    if rule.HasField("otherwise"):
        check_depth(f"{path}.otherwise")
        _check_rule(f"{path}.otherwise", rule.otherwise, models)


def _check_consensus(path: str, rule: pb.ConsensusRule, models: list[pb.PlanModel]) -> None:
    voters = {model.name for model in models if not model.shadow}
    for name, weight in sorted(rule.weights.items()):
        if name not in voters:
            there = (
                "is a shadow"
                if any(model.name == name for model in models)
                else "is not in the plan"
            )
            raise _refusal(f"{path}.weights", f"{name!r} {there} and has no vote; leave it out")
        if not (math.isfinite(weight) and weight > 0):
            raise _refusal(f"{path}.weights.{name}", f"{weight:g} is no weight; give more than 0")
    _check_quorum(f"{path}.quorum", rule, models)
    _check_tolerance(f"{path}.tolerance", rule.tolerance)


def _check_quorum(path: str, rule: pb.ConsensusRule, models: list[pb.PlanModel]) -> None:
    if rule.quorum.WhichOneof("kind") != "votes":
        return
    votes = rule.quorum.votes
    if not (math.isfinite(votes) and votes > 0):
        raise _refusal(
            path, f"{votes:g} is no number of votes; give more than 0, 'majority' or 'all'"
        )
    there = sum((votes_of(model, rule) for model in models), Fraction(0))
    if exact(votes) > there:
        raise _refusal(
            path,
            f"{votes:g} of {float(there):g} votes can never agree; give at most {float(there):g}",
        )


def _check_tolerance(path: str, tolerance: pb.Tolerance) -> None:
    kind = tolerance.WhichOneof("kind")
    if kind == "absolute" and not (math.isfinite(tolerance.absolute) and tolerance.absolute >= 0):
        raise _refusal(path, f"{tolerance.absolute:g} is no tolerance; give 0 or more")
    # Beyond 100 % numbers of different signs would agree with each other but not with those between.
    if kind == "relative" and not 0 <= tolerance.relative <= 1:
        raise _refusal(path, f"{100 * tolerance.relative:g}% is no tolerance; give 0% to 100%")


def _check_quality(path: str, rule: pb.QualityRule) -> None:
    if rule.by not in pb.QualityMeasure.values():
        raise _refusal(
            f"{path}.by", f"there is no measure {rule.by}; give registered or confidence"
        )
    if rule.HasField("good_enough") and not 0 <= rule.good_enough <= 1:
        raise _refusal(f"{path}.good_enough", f"{rule.good_enough:g} is no confidence; give 0 to 1")


def _check_default(default: pb.DefaultAnswer) -> None:
    kind = default.WhichOneof("value")
    if kind is None or (kind == "label" and not default.label):
        raise _refusal("policy.default.value", "there is none; give a label or a number")
    if kind == "label" and not default.label.isprintable():
        raise _refusal(
            "policy.default.value", f"{default.label!r} is no label; give printable text"
        )
    if kind == "number" and not math.isfinite(default.number):
        raise _refusal(
            "policy.default.value", f"{default.number} is no answer; give a finite number"
        )


def _check_named(path: str, kind: str, name: str) -> None:
    try:
        check_name(kind, name)
    except InvalidName as exc:
        raise _refusal(path, str(exc)) from exc


def _refusal(path: str, problem: str) -> InvalidPlan:
    return InvalidPlan(f"{path}: {problem}")
