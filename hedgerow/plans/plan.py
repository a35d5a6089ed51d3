"""Plans as users write them, in YAML, and as the wire carries them.

    data_type: wine
    models:                        # best first
      - name: wine-net@3           # or wine-net@champion, an alias; without either the newest version
      - name: wine-forest
        start_after: p95           # see hedgerow.plans.strategies
      - name: wine-tree
        shadow: true
    policy:                        # see hedgerow.plans.policies
      deadline: 50ms
      consensus: {quorum: majority}
    packing: never                 # each version has a process of its own; auto: light ones share one
    join: keyed                    # see hedgerow.plans.stream_yaml
    stream: {partitions: 8}

What is not known is refused, never ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from hedgerow.plans.checks import MAX_WARM, check_plan
from hedgerow.plans.policies import policy_from, policy_to
from hedgerow.plans.strategies import (
    KEYS,
    MODEL_KEYS,
    rest_to,
    starts_to,
    strategy_from,
    strategy_of_plan,
)
from hedgerow.plans.stream_yaml import KEYS as STREAM_KEYS
from hedgerow.plans.stream_yaml import read_stream, stream_to
from hedgerow.plans.yaml_values import load, mapping, parsed, sequence, text, wrong
from hedgerow.references import Reference, parse_reference
from hedgerow.v1 import plans_pb2 as pb

_PLAN_KEYS = ("data_type", "models", "policy", "keep_warm", "packing", *KEYS, *STREAM_KEYS)

_PACKINGS = {"auto": pb.PACKING_AUTO, "never": pb.PACKING_NEVER}


def plan_from_yaml(document: str) -> pb.Plan:
    """Read a plan. Raises InvalidPlan, naming the path of what is wrong and what is allowed there."""
    fields = mapping("plan", load("plan", document), _PLAN_KEYS)
    items = {
        f"models[{position}]": item
        for position, item in enumerate(sequence("models", fields.get("models", [])))
    }
    plan = pb.Plan(
        data_type=text("data_type", fields.get("data_type", "")),
        models=[_model_from(path, item) for path, item in items.items()],
        policy=policy_from(fields.get("policy")),
        keep_warm=_keep_warm_from(fields.get("keep_warm", 0)),
    )
    if "packing" in fields:
        plan.packing = _packing_from(fields["packing"])
    strategy = strategy_of_plan(items, fields)
    if strategy.ByteSize():
        plan.strategy.CopyFrom(strategy)
    read_stream(fields, plan)
    check_plan(plan)
    return plan


def plan_to_yaml(plan: pb.Plan) -> str:
    """Write a plan; reading it gives the same but for revision and time, which are not written."""
    document = {
        "data_type": plan.data_type,
        "models": [_model_to(model, plan.strategy) for model in plan.models],
        **rest_to(plan.strategy),
        **({"keep_warm": plan.keep_warm} if plan.keep_warm else {}),
        **_packing_to(plan.packing),
        "policy": policy_to(plan.policy),
        **stream_to(plan),
    }
    written: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    return written


def policy_from_yaml(said: str | Mapping[str, Any]) -> pb.Policy:
    """Read a policy that stands by itself, of YAML or of what YAML gives. Raises InvalidPlan."""
    return policy_from(_loaded("policy", said))


def strategy_from_yaml(said: str | Mapping[str, Any]) -> pb.Strategy:
    """Read a strategy that stands by itself, of YAML or of what YAML gives. Raises InvalidPlan."""
    return strategy_from("strategy", _loaded("strategy", said))


def overridden(plan: pb.Plan, policy: pb.Policy | None, strategy: pb.Strategy | None) -> pb.Plan:
    """Return a plan with another policy or strategy in place of its own; None leaves it as it is.

    A policy without a deadline has the plan's. Raises InvalidPlan if it does not fit the plan's models.
    """
    other = pb.Plan()
    other.CopyFrom(plan)
    if policy is not None:
        other.policy.CopyFrom(policy)
        if not policy.HasField("deadline") and plan.policy.HasField("deadline"):
            other.policy.deadline.CopyFrom(plan.policy.deadline)
    if strategy is not None:
        other.strategy.CopyFrom(strategy)
    check_plan(other)
    return other


def _loaded(what: str, said: str | Mapping[str, Any]) -> object:
    """Return what YAML gave, or would give; PyYAML gives dictionaries and no other mappings."""
    if isinstance(said, str):
        return load(what, said)
    return dict(said) if isinstance(said, Mapping) else said


def _keep_warm_from(item: object) -> int:
    if not isinstance(item, int) or isinstance(item, bool) or not 0 <= item <= MAX_WARM:
        raise wrong("keep_warm", item, f"how many former versions, 0 to {MAX_WARM}")
    return item


def _packing_from(item: object) -> pb.Packing:
    if not isinstance(item, str) or item not in _PACKINGS:
        raise wrong("packing", item, "auto or never")
    return _PACKINGS[item]


def _packing_to(packing: pb.Packing) -> dict[str, str]:
    names = {said: name for name, said in _PACKINGS.items()}
    return {"packing": names[packing]} if packing in names else {}


def _model_from(path: str, item: object) -> pb.PlanModel:
    fields = mapping(path, item, ("name", "shadow", *MODEL_KEYS))
    name = text(f"{path}.name", fields.get("name", ""))
    reference = parsed(f"{path}.name", name, parse_reference)
    shadow = fields.get("shadow", False)
    if not isinstance(shadow, bool):
        raise wrong(f"{path}.shadow", shadow, "true or false")
    return pb.PlanModel(
        name=reference.name, version=reference.version, alias=reference.alias, shadow=shadow
    )


def _model_to(model: pb.PlanModel, strategy: pb.Strategy) -> dict[str, Any]:
    fields: dict[str, Any] = {"name": str(Reference.of(model))}
    if model.shadow:
        fields["shadow"] = True
    return fields | starts_to(strategy, model)
