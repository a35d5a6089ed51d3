"""A plan as the commands tell it to scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hedgerow.v1.plans_pb2 import Plan


def as_dict(plan: Plan) -> dict[str, Any]:
    """Return a plan as its YAML is shaped, with its revision and time."""
    import yaml

    from hedgerow.plans.plan import plan_to_yaml

    document: dict[str, Any] = yaml.safe_load(plan_to_yaml(plan))
    applied_at = plan.applied_at.ToJsonString() if plan.revision else None
    return {**document, "revision": plan.revision, "applied_at": applied_at}
