"""What a plan must not say: contradictions, each refused with the path of what is wrong.

The check needs no registry. Whether the models exist is for who knows them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from hedgerow.plans.rules.rule import check_rule
from hedgerow.plans.strategy_checks import check_strategy
from hedgerow.plans.stream_checks import check_stream
from hedgerow.plans.yaml_values import parsed, refusal
from hedgerow.references import InvalidName, Reference, check_alias, check_name
from hedgerow.v1 import plans_pb2 as pb

MAX_MODELS = 64
"""As many as there are bits in `Decision.agreed`."""

MAX_WARM = 8
"""Former versions of each model that may be kept loaded: each costs the memory of a host."""

MAX_DEADLINE = timedelta(hours=1)
_HOUR = MAX_DEADLINE // timedelta(microseconds=1)


def check_plan(plan: pb.Plan) -> None:
    """Raise InvalidPlan, naming the path, if a plan contradicts itself."""
    _check_named("data_type", "data type", plan.data_type)
    _check_models(plan.models)
    policy = plan.policy
    if policy.HasField("deadline") and not 0 < policy.deadline.ToMicroseconds() <= _HOUR:
        raise refusal("policy.deadline", "it must be more than 0 and at most 1h")
    check_rule("policy", policy.rule, plan.models)
    if policy.HasField("default_answer"):
        _check_default(policy.default_answer)
    if plan.keep_warm > MAX_WARM:
        raise refusal(
            "keep_warm", f"{plan.keep_warm} former versions are too many; at most {MAX_WARM}"
        )
    if plan.packing not in pb.Packing.values():
        raise refusal("packing", f"{plan.packing} is not known; give auto or never")
    check_strategy(plan)
    check_stream(plan)


def _check_models(models: Iterable[pb.PlanModel]) -> None:
    listed = list(models)
    if not listed:
        raise refusal("models", "there are none; list at least one")
    if len(listed) > MAX_MODELS:
        raise refusal("models", f"there are {len(listed)}; list at most {MAX_MODELS}")
    for position, model in enumerate(listed):
        _check_reference(f"models[{position}]", model)
    _check_distinct(listed)
    if all(model.shadow for model in listed):
        raise refusal(
            "models", "all are shadows, so none can answer; leave 'shadow' off at least one"
        )


def _check_reference(path: str, model: pb.PlanModel) -> None:
    _check_named(f"{path}.name", "model", model.name)
    if model.alias and model.version:
        raise refusal(f"{path}.name", "a version and an alias are given; give one of the two")
    if model.alias:
        parsed(f"{path}.name", model.alias, check_alias)


def _check_distinct(models: list[pb.PlanModel]) -> None:
    """Versions of a model may stand side by side if each is pinned or has an alias, to be told apart."""
    names = Counter(model.name for model in models)
    seen: set[Reference] = set()
    for position, model in enumerate(models):
        reference = Reference.of(model)
        if reference in seen or (names[model.name] > 1 and reference == Reference(model.name)):
            raise refusal(
                f"models[{position}].name",
                f"{model.name!r} stands twice; list it once, or different versions of it such as"
                f" '{model.name}@1' and '{model.name}@2'",
            )
        seen.add(reference)


def _check_default(default: pb.DefaultAnswer) -> None:
    kind = default.WhichOneof("value")
    if kind is None or (kind == "label" and not default.label):
        raise refusal("policy.default.value", "there is none; give a label or a number")
    if kind == "label" and not default.label.isprintable():
        raise refusal("policy.default.value", f"{default.label!r} is no label; give printable text")
    if kind == "number" and not math.isfinite(default.number):
        raise refusal(
            "policy.default.value", f"{default.number} is no answer; give a finite number"
        )


def _check_named(path: str, kind: str, name: str) -> None:
    try:
        check_name(kind, name)
    except InvalidName as exc:
        raise refusal(path, str(exc)) from exc
