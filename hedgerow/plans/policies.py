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

from typing import Any

from hedgerow.durations import format_duration, parse_duration
from hedgerow.plans.rules.rule import KEYS, rule_from, rule_to
from hedgerow.plans.yaml_values import mapping, number, parsed, text
from hedgerow.v1 import plans_pb2 as pb


def policy_from(item: object) -> pb.Policy:
    """Read a policy. Raises InvalidPlan, naming the path of what is wrong."""
    fields = mapping("policy", item, ("deadline", *KEYS, "default"))
    policy = pb.Policy(rule=rule_from("policy", fields))
    if "deadline" in fields:
        said = text("policy.deadline", fields["deadline"], "a duration such as 50ms or 1s")
        policy.deadline.FromTimedelta(parsed("policy.deadline", said, parse_duration))
    if "default" in fields:
        policy.default_answer.CopyFrom(_default_from("policy.default", fields["default"]))
    return policy


def _default_from(path: str, item: object) -> pb.DefaultAnswer:
    value = mapping(path, item, ("value",)).get("value")
    if isinstance(value, str):
        return pb.DefaultAnswer(label=value)
    allowed = "a number, or a label in quotes"
    return pb.DefaultAnswer(number=number(f"{path}.value", value, allowed))


# -- writing -------------------------------------------------------------------------------------------


def policy_to(policy: pb.Policy) -> dict[str, Any]:
    """Write a policy; reading it gives the same."""
    fields: dict[str, Any] = {}
    if policy.HasField("deadline"):
        fields["deadline"] = format_duration(policy.deadline.ToTimedelta())
    fields |= rule_to(policy.rule)
    if policy.HasField("default_answer"):
        default = policy.default_answer
        fields["default"] = {"value": getattr(default, default.WhichOneof("value") or "label")}
    return fields
