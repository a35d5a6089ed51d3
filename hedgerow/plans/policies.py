"""Policies as users write them, in YAML, and as the wire carries them: how one answer is picked.

    deadline: 50ms
    consensus: {quorum: majority, tolerance: 5%, weights: {wine-net: 2}}
    otherwise:
      quality: {by: confidence, good_enough: 0.9}
    default: {value: "1"}

A rule is one of `timeout`, `consensus` and `quality`; `otherwise` holds another one and stands beside
`consensus` only. What is not known is refused, never ignored: a misspelt key must not change who answers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from hedgerow.durations import format_duration, parse_duration
from hedgerow.errors import InvalidPlan
from hedgerow.plans.checks import check_depth
from hedgerow.plans.yaml_values import mapping, number, parsed, text, wrong
from hedgerow.v1 import plans_pb2 as pb

_RULES = ("timeout", "consensus", "quality")
_MEASURES = {
    "registered": pb.QUALITY_MEASURE_REGISTERED,
    "confidence": pb.QUALITY_MEASURE_CONFIDENCE,
}


def policy_from(item: object) -> pb.Policy:
    """Read a policy. Raises InvalidPlan, naming the path of what is wrong."""
    fields = mapping("policy", item, ("deadline", *_RULES, "otherwise", "default"))
    policy = pb.Policy(rule=_rule_from("policy", fields))
    if "deadline" in fields:
        said = text("policy.deadline", fields["deadline"], "a duration such as 50ms or 1s")
        policy.deadline.FromTimedelta(parsed("policy.deadline", said, parse_duration))
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
            _rule_from(inner, mapping(inner, fields["otherwise"], (*_RULES, "otherwise")))
        )
    return rule


def _timeout_from(path: str, item: object) -> pb.TimeoutRule:
    mapping(path, item, ())
    rule = pb.TimeoutRule()
    rule.SetInParent()
    return rule


def _consensus_from(path: str, item: object) -> pb.ConsensusRule:
    fields = mapping(path, item, ("quorum", "tolerance", "weights"))
    rule = pb.ConsensusRule()
    if "quorum" in fields:
        rule.quorum.CopyFrom(_quorum_from(f"{path}.quorum", fields["quorum"]))
    if "tolerance" in fields:
        rule.tolerance.CopyFrom(_tolerance_from(f"{path}.tolerance", fields["tolerance"]))
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


def _tolerance_from(path: str, item: object) -> pb.Tolerance:
    allowed = "a number such as 0.5 or a share such as 5%"
    if isinstance(item, str) and item.endswith("%"):
        try:
            return pb.Tolerance(relative=float(Decimal(item[:-1].strip()) / 100))
        except ArithmeticError as exc:
            raise wrong(path, item, allowed) from exc
    return pb.Tolerance(absolute=number(path, item, allowed))


def _quality_from(path: str, item: object) -> pb.QualityRule:
    fields = mapping(path, item, ("by", "good_enough"))
    rule = pb.QualityRule()
    if "by" in fields:
        by = fields["by"]
        if not isinstance(by, str) or by not in _MEASURES:
            raise wrong(f"{path}.by", by, " or ".join(_MEASURES))
        rule.by = _MEASURES[by]
    if "good_enough" in fields:
        allowed = "a confidence from 0 to 1"
        rule.good_enough = number(f"{path}.good_enough", fields["good_enough"], allowed)
    return rule


def _default_from(path: str, item: object) -> pb.DefaultAnswer:
    value = mapping(path, item, ("value",)).get("value")
    if isinstance(value, str):
        return pb.DefaultAnswer(label=value)
    allowed = "a number, or a label in quotes"
    return pb.DefaultAnswer(number=number(f"{path}.value", value, allowed))


_READERS: dict[str, Callable[[str, object], Any]] = {
    "timeout": _timeout_from,
    "consensus": _consensus_from,
    "quality": _quality_from,
}


# -- writing -------------------------------------------------------------------------------------------


def policy_to(policy: pb.Policy) -> dict[str, Any]:
    """Write a policy; reading it gives the same."""
    fields: dict[str, Any] = {}
    if policy.HasField("deadline"):
        fields["deadline"] = format_duration(policy.deadline.ToTimedelta())
    fields |= _rule_to(policy.rule)
    if policy.HasField("default_answer"):
        default = policy.default_answer
        fields["default"] = {"value": getattr(default, default.WhichOneof("value") or "label")}
    return fields


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
