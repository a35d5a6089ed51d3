"""`hedgerow plan history`: the latest revisions of a plan."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.models.told import by_text, moment_text
from hedgerow.cli.options import AsJson, Registry
from hedgerow.cli.plans.told import as_dict

if TYPE_CHECKING:
    from hedgerow.v1.plans_pb2 import Plan


def history(
    data_type: Annotated[str, typer.Argument(help="'wine', say.", show_default=False)],
    registry: Registry = options.REGISTRY,
    as_json: AsJson = False,
) -> None:
    """List the latest revisions of a plan, oldest first; the last is in force."""
    from hedgerow.cli.output import print_json, print_table
    from hedgerow.client.registry import AsyncRegistry

    async def run() -> list[Plan]:
        async with AsyncRegistry(registry) as client:
            return await client.list_plans(data_type)

    plans = asyncio.run(run())
    if as_json:
        print_json(list(map(as_dict, plans)))
    elif plans:
        print_table(("REVISION", "APPLIED", "BY", "AGAIN AS", "MODELS"), list(map(_row, plans)))
    else:
        print(f"nobody applied a plan of {data_type}; the default plan is in force")


def _row(plan: Plan) -> list[str]:
    from hedgerow.references import Reference

    return [
        str(plan.revision),
        moment_text(plan.applied_at),
        by_text(plan.applied_by),
        str(plan.restores or ""),
        ", ".join(str(Reference.of(model)) for model in plan.models),
    ]
