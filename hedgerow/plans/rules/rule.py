"""A rule as users write it, as the wire carries it, and what it must not say.

Each kind of rule has a file in this package: how it is read, written and checked. What it does is in
`services/collector/rules`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from hedgerow.errors import InvalidPlan
from hedgerow.plans.rules import consensus, quality, timeout
from hedgerow.plans.yaml_values import mapping, refusal
from hedgerow.v1 import rules_pb2 as pb
from hedgerow.v1.plans_pb2 import PlanModel

MAX_RULES = 8
"""Rules in a chain of `otherwise`; more than any plan needs, and an end to one that refers to itself."""


class RuleKind(Protocol):
    """One kind of rule, its message being that of its name in the contract. Implemented by modules."""

    MAY_FIND_NOTHING: bool
    """Where models have answered: another rule may stand beside it, as `otherwise`."""

    def read(self, path: str, item: object) -> Any:
        """Return the message of what stands at a path. Raises InvalidPlan, naming what is wrong."""

    def write(self, rule: Any) -> dict[str, Any]:
        """Return the fields of a message; reading them gives the same."""

    def check(self, path: str, rule: Any, models: Sequence[PlanModel]) -> None:
        """Raise InvalidPlan, naming the path, if a message contradicts itself or the plan's models."""


KINDS: dict[str, RuleKind] = {"timeout": timeout, "consensus": consensus, "quality": quality}
"""By their names in YAML and in the contract (`Rule.kind`)."""

KEYS = (*KINDS, "otherwise")
"""What a rule is told by, among other keys of a policy."""


def rule_from(path: str, fields: Mapping[str, Any]) -> pb.Rule:
    """Read the rule that some fields tell. Raises InvalidPlan, naming the path of what is wrong."""
    kinds = [kind for kind in KINDS if kind in fields]
    if len(kinds) != 1:
        found = " and ".join(kinds) or "no rule"
        raise refusal(path, f"there is {found}; give one of {', '.join(KINDS)}")
    rule = pb.Rule()
    kind = kinds[0]
    message = getattr(rule, kind)
    message.CopyFrom(KINDS[kind].read(f"{path}.{kind}", fields[kind]))
    message.SetInParent()
    if "otherwise" in fields:
        inner = f"{path}.otherwise"
        _check_depth(inner)
        rule.otherwise.CopyFrom(rule_from(inner, mapping(inner, fields["otherwise"], KEYS)))
    return rule


def rule_to(rule: pb.Rule) -> dict[str, Any]:
    """Write a rule; reading it gives the same."""
    kind = rule.WhichOneof("kind")
    if kind is None:
        return {}
    fields: dict[str, Any] = {kind: KINDS[kind].write(getattr(rule, kind))}
    if rule.HasField("otherwise"):
        fields["otherwise"] = rule_to(rule.otherwise)
    return fields


def check_rule(path: str, rule: pb.Rule, models: Sequence[PlanModel]) -> None:
    """Raise InvalidPlan, naming the path, if a rule contradicts itself or the plan's models."""
    kind = rule.WhichOneof("kind")
    if kind is None:
        raise refusal(path, f"there is no rule; give one of {', '.join(KINDS)}")
    KINDS[kind].check(f"{path}.{kind}", getattr(rule, kind), models)
    if not rule.HasField("otherwise"):
        return
    inner = f"{path}.otherwise"
    if not KINDS[kind].MAY_FIND_NOTHING:
        beside = " and ".join(name for name, other in KINDS.items() if other.MAY_FIND_NOTHING)
        raise refusal(
            inner,
            f"{kind} finds an answer wherever there is one; 'otherwise' stands beside {beside} only",
        )
    _check_depth(inner)
    check_rule(inner, rule.otherwise, models)


def _check_depth(path: str) -> None:
    if path.count(".otherwise") >= MAX_RULES:
        raise InvalidPlan(f"policy: 'otherwise' nests too deep; give at most {MAX_RULES} rules")
