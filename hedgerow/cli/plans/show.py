"""`hedgerow plan show`: the plan in force, and whether it stands as it asks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.options import AsJson, Registry, Router
from hedgerow.cli.plans.told import as_dict, heading

if TYPE_CHECKING:
    from hedgerow.v1.plans_pb2 import Plan


def show(
    data_type: Annotated[str, typer.Argument(help="'wine', say.", show_default=False)],
    revision: Annotated[
        int,
        typer.Option(
            min=0,
            max=options.LAST_REVISION,
            help="One of the latest revisions. 0: the one in force.",
        ),
    ] = 0,
    registry: Registry = options.REGISTRY,
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """Show the plan in force, and which of its models do not stand as asked; `plan apply` reads it."""
    from hedgerow.cli.output import print_json
    from hedgerow.cli.plans.standing import Standings, remarks, standings_of
    from hedgerow.client.registry import AsyncRegistry
    from hedgerow.plans.plan import plan_to_yaml

    async def run() -> tuple[Plan, Standings]:
        async with AsyncRegistry(registry) as client:
            plan = await client.get_plan(data_type, revision)
            if revision:
                return plan, Standings(revision, [])
            return plan, await standings_of(client, router, data_type, plan.revision)

    plan, standings = asyncio.run(run())
    if as_json:
        models = [one._asdict() for one in standings.models]
        print_json({**as_dict(plan), "in_effect": standings.revision, "standings": models})
        return
    print(heading(plan))
    for remark in remarks(standings, plan.revision):
        print(remark)
    print(plan_to_yaml(plan), end="")
