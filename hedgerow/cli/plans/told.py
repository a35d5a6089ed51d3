"""A plan as the commands tell it: to scripts, and in YAML that `plan apply` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hedgerow.v1.plans_pb2 import Plan


def as_dict(plan: Plan) -> dict[str, Any]:
    """Return a plan as its YAML is shaped, with its revision, and who applied it when."""
    import yaml

    from hedgerow.cli.models.told import by_dict
    from hedgerow.plans.plan import plan_to_yaml

    document: dict[str, Any] = yaml.safe_load(plan_to_yaml(plan))
    return {
        **document,
        "revision": plan.revision,
        "applied_at": plan.applied_at.ToJsonString() if plan.revision else None,
        "applied_by": by_dict(plan.applied_by),
        "restores": plan.restores or None,
    }


def heading(plan: Plan) -> str:
    """Return a comment that tells which revision it is, when it was applied, and by whom."""
    from hedgerow.cli.models.told import by_text
    from hedgerow.cli.output import printable

    if not plan.revision:
        return "# revision 0: nobody applied one"
    by = by_text(plan.applied_by)
    parts = [f"applied {plan.applied_at.ToJsonString()}", f"by {by}" if by else ""]
    parts.append(f"again as revision {plan.restores}" if plan.restores else "")
    return f"# revision {plan.revision}: {printable(' '.join(filter(None, parts)))}"
