"""`timeout:` - the best-listed model that answers in time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hedgerow.plans.yaml_values import mapping
from hedgerow.v1.plans_pb2 import PlanModel
from hedgerow.v1.rules_pb2 import TimeoutRule

MAY_FIND_NOTHING = False


def read(path: str, item: object) -> TimeoutRule:
    """Read the rule; there is nothing to tell."""
    mapping(path, item, ())
    return TimeoutRule()


def write(rule: TimeoutRule) -> dict[str, Any]:
    """Write the rule."""
    return {}


def check(path: str, rule: TimeoutRule, models: Sequence[PlanModel]) -> None:
    """Check the rule; it contradicts nothing."""
