"""`hedgerow plan show`: the plan in force."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.options import AsJson, Registry
from hedgerow.cli.plans.told import as_dict

if TYPE_CHECKING:
    from hedgerow.v1.plans_pb2 import Plan


def show(
    data_type: Annotated[str, typer.Argument(help="'wine', say.", show_default=False)],
    registry: Registry = options.REGISTRY,
    as_json: AsJson = False,
) -> None:
    """Show the plan in force; what it prints, `plan apply` reads."""
    from hedgerow.cli.output import print_json
    from hedgerow.client.registry import AsyncRegistry
    from hedgerow.plans.plan import plan_to_yaml

    async def run() -> Plan:
        async with AsyncRegistry(registry) as client:
            return await client.get_plan(data_type)

    plan = asyncio.run(run())
    if as_json:
        print_json(as_dict(plan))
        return
    since = f"applied {plan.applied_at.ToJsonString()}" if plan.revision else "nobody applied one"
    print(f"# revision {plan.revision}: {since}")
    print(plan_to_yaml(plan), end="")
