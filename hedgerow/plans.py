"""Plans as users write them, in YAML, and as the wire carries them.

    data_type: wine
    models:                        # best first
      - name: wine-net@3           # without '@3': the newest version that serves
      - name: wine-forest
      - name: wine-tree
        shadow: true
    policy:
      deadline: 50ms
      consensus: {quorum: majority, tolerance: 5%, weights: {wine-net: 2}}
      otherwise:
        quality: {by: confidence, good_enough: 0.9}
      default: {value: "1"}

A rule is one of `timeout`, `consensus` and `quality`; `otherwise` holds another one and stands beside
`consensus` only. What is not known is refused, never ignored: a misspelt key must not change who answers.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

import yaml

from hedgerow.durations import format_duration, parse_duration
from hedgerow.errors import InvalidInput, InvalidPlan
from hedgerow.plan_checks import check_depth, check_plan, exact, votes_of
from hedgerow.references import Reference, parse_reference
from hedgerow.v1 import plans_pb2 as pb

__all__ = [
    "check_plan",
    "exact",
    "format_duration",
    "parse_duration",
    "plan_from_yaml",
    "plan_to_yaml",
    "votes_of",
]

_RULES = ("timeout", "consensus", "quality")
_MEASURES = {
    "registered": pb.QUALITY_MEASURE_REGISTERED,
    "confidence": pb.QUALITY_MEASURE_CONFIDENCE,
}
T = TypeVar("T")


def plan_from_yaml(text: str) -> pb.Plan:
    """Read a plan. Raises InvalidPlan, naming the path of what is wrong and what is allowed there."""
    try:
        document = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as exc:
        raise InvalidPlan(f"the plan is not YAML: {' '.join(str(exc).split())}") from exc
    fields = _mapping("plan", document, ("data_type", "models", "policy"))
    plan = pb.Plan(
        data_type=_text("data_type", fields.get("data_type", "")),
        models=[
            _model_from(f"models[{position}]", item)
            for position, item in enumerate(_sequence("models", fields.get("models", [])))
        ],
        policy=_policy_from(fields.get("policy")),
    )
    check_plan(plan)
    return plan


def plan_to_yaml(plan: pb.Plan) -> str:
    """Write a plan; reading it gives the same models and policy (revision and time are not written)."""
    policy: dict[str, Any] = {}
    if plan.policy.HasField("deadline"):
        policy["deadline"] = format_duration(plan.policy.deadline.ToTimedelta())
    policy |= _rule_to(plan.policy.rule)
    if plan.policy.HasField("default_answer"):
        default = plan.policy.default_answer
        policy["default"] = {"value": getattr(default, default.WhichOneof("value") or "label")}
    document = {
        "data_type": plan.data_type,
        "models": [_model_to(model) for model in plan.models],
        "policy": policy,
    }
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    return text


# -- reading -------------------------------------------------------------------------------------------


def _model_from(path: str, item: object) -> pb.PlanModel:
    fields = _mapping(path, item, ("name", "shadow"))
    name = _text(f"{path}.name", fields.get("name", ""))
    reference = _parsed(f"{path}.name", name, parse_reference)
    shadow = fields.get("shadow", False)
    if not isinstance(shadow, bool):
        raise _wrong(f"{path}.shadow", shadow, "true or false")
    return pb.PlanModel(name=reference.name, version=reference.version, shadow=shadow)


def _policy_from(item: object) -> pb.Policy:
    fields = _mapping("policy", item, ("deadline", *_RULES, "otherwise", "default"))
    policy = pb.Policy(rule=_rule_from("policy", fields))
    if "deadline" in fields:
        text = _text("policy.deadline", fields["deadline"], "a duration such as 50ms or 1s")
        policy.deadline.FromTimedelta(_parsed("policy.deadline", text, parse_duration))
    if "default" in fields:
        policy.default_answer.CopyFrom(_default_from("policy.default", fields["default"]))
    return policy


def _rule_from(path: str, fields: Mapping[str, Any]) -> pb.Rule:
    kinds = [kind for kind in _RULES if kind in fields]
    if len(kinds) != 1:
        found = " and ".join(kinds) or "no rule"
        raise InvalidPlan(f"{path}: there is {found}; give one of {', '.join(_RULES)}")
    rule = pb.Rule()
    kind = kinds[0]
    getattr(rule, kind).CopyFrom(_READERS[kind](f"{path}.{kind}", fields[kind]))
    if "otherwise" in fields:
        inner = f"{path}.otherwise"
        check_depth(inner)
        rule.otherwise.CopyFrom(
            _rule_from(inner, _mapping(inner, fields["otherwise"], (*_RULES, "otherwise")))
        )
    return rule


def _timeout_from(path: str, item: object) -> pb.TimeoutRule:
    _mapping(path, item, ())
    rule = pb.TimeoutRule()
    rule.SetInParent()
    return rule


def _consensus_from(path: str, item: object) -> pb.ConsensusRule:
    fields = _mapping(path, item, ("quorum", "tolerance", "weights"))
    rule = pb.ConsensusRule()
    if "quorum" in fields:
        rule.quorum.CopyFrom(_quorum_from(f"{path}.quorum", fields["quorum"]))
    if "tolerance" in fields:
        rule.tolerance.CopyFrom(_tolerance_from(f"{path}.tolerance", fields["tolerance"]))
    weights = f"{path}.weights"
    for name, weight in _mapping(weights, fields.get("weights")).items():
        rule.weights[name] = _number(f"{weights}.{name}", weight, "a number of votes")
    return rule


def _quorum_from(path: str, item: object) -> pb.Quorum:
    if item == "majority":
        return pb.Quorum(majority=True)
    if item == "all":
        return pb.Quorum(all=True)
    return pb.Quorum(votes=_number(path, item, "majority, all or a number of votes"))


def _tolerance_from(path: str, item: object) -> pb.Tolerance:
    allowed = "a number such as 0.5 or a share such as 5%"
    if isinstance(item, str) and item.endswith("%"):
        try:
            return pb.Tolerance(relative=float(Decimal(item[:-1].strip()) / 100))
        except ArithmeticError as exc:
            raise _wrong(path, item, allowed) from exc
    return pb.Tolerance(absolute=_number(path, item, allowed))


def _quality_from(path: str, item: object) -> pb.QualityRule:
    fields = _mapping(path, item, ("by", "good_enough"))
    rule = pb.QualityRule()
    if "by" in fields:
        by = fields["by"]
        if not isinstance(by, str) or by not in _MEASURES:
            raise _wrong(f"{path}.by", by, " or ".join(_MEASURES))
        rule.by = _MEASURES[by]
    if "good_enough" in fields:
        allowed = "a confidence from 0 to 1"
        rule.good_enough = _number(f"{path}.good_enough", fields["good_enough"], allowed)
    return rule


def _default_from(path: str, item: object) -> pb.DefaultAnswer:
    value = _mapping(path, item, ("value",)).get("value")
    if isinstance(value, str):
        return pb.DefaultAnswer(label=value)
    number = _number(f"{path}.value", value, "a number, or a label in quotes")
    return pb.DefaultAnswer(number=number)


_READERS: dict[str, Callable[[str, object], Any]] = {
    "timeout": _timeout_from,
    "consensus": _consensus_from,
    "quality": _quality_from,
}


# -- writing -------------------------------------------------------------------------------------------


def _model_to(model: pb.PlanModel) -> dict[str, Any]:
    name = str(Reference(model.name, model.version))
    return {"name": name, "shadow": True} if model.shadow else {"name": name}


def _rule_to(rule: pb.Rule) -> dict[str, Any]:
    kind = rule.WhichOneof("kind")
    if kind is None:
        return {}
    fields: dict[str, Any] = {kind: {}}
    if kind == "consensus":
        fields[kind] = _consensus_to(rule.consensus)
    elif kind == "quality":
        fields[kind] = _quality_to(rule.quality)
    if rule.HasField("otherwise"):
        fields["otherwise"] = _rule_to(rule.otherwise)
    return fields


def _consensus_to(rule: pb.ConsensusRule) -> dict[str, Any]:
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


def _quality_to(rule: pb.QualityRule) -> dict[str, Any]:
    names = {measure: name for name, measure in _MEASURES.items()}
    fields: dict[str, Any] = {"by": names[rule.by]} if rule.by in names else {}
    if rule.HasField("good_enough"):
        fields["good_enough"] = rule.good_enough
    return fields


def _plain(number: float) -> float:
    """Votes as people write them: 2, not 2.0."""
    return int(number) if number.is_integer() else number


# -- what YAML gave ------------------------------------------------------------------------------------


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice; PyYAML keeps the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.YAMLError(f"{key!r} stands twice in one mapping, {node.start_mark}")
        return super().construct_mapping(node, deep)


def _mapping(path: str, item: object, allowed: Iterable[str] | None = None) -> dict[str, Any]:
    """Return the fields at a path; nothing at all is an empty mapping, as in `timeout:`."""
    if item is None:
        return {}
    if not isinstance(item, dict):
        raise _wrong(path, item, "keys with values")
    names = None if allowed is None else tuple(allowed)
    for key in item:
        if not isinstance(key, str) or (names is not None and key not in names):
            there = path if path != "plan" else "the plan"
            may = f"allowed are {', '.join(names)}" if names else "nothing is allowed here"
            raise InvalidPlan(f"{there}: there is no key {key!r}; {may}")
    return item


def _sequence(path: str, item: object) -> list[Any]:
    if not isinstance(item, list):
        raise _wrong(path, item, "a list of models, each with a name")
    return item


def _text(path: str, item: object, allowed: str = "a name") -> str:
    if not isinstance(item, str):
        raise _wrong(path, item, allowed)
    return item


def _number(path: str, item: object, allowed: str) -> float:
    if isinstance(item, bool) or not isinstance(item, int | float):
        raise _wrong(path, item, allowed)
    try:
        return float(item)
    except OverflowError as exc:
        raise _wrong(path, item, allowed) from exc


def _parsed(path: str, text: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(text)
    except InvalidInput as exc:
        raise InvalidPlan(f"{path}: {exc}") from exc


def _wrong(path: str, item: object, allowed: str) -> InvalidPlan:
    return InvalidPlan(f"{path}: {item!r} is not allowed; give {allowed}")
