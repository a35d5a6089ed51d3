"""`hedgerow plan rollback`: a former revision into force again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.options import AsJson, Executors, Registry, Router, Wait, WaitSeconds
from hedgerow.cli.plans.apply import Expect
from hedgerow.cli.plans.told import as_dict
from hedgerow.cli.waiting import waiting

if TYPE_CHECKING:
    from hedgerow.v1.plans_pb2 import Plan


def rollback(
    data_type: Annotated[str, typer.Argument(help="'wine', say.", show_default=False)],
    revision: Annotated[
        int,
        typer.Argument(
            min=0,
            max=options.LAST_REVISION,
            help="The revision. 0: the one before the one in force.",
        ),
    ] = 0,
    expect: Expect = None,
    wait: Wait = False,
    executors: Executors = 0,
    wait_seconds: WaitSeconds = options.WAIT_SECONDS,
    registry: Registry = options.REGISTRY,
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """Put a former revision into force again, as a new one; once more goes further back."""
    from hedgerow.cli.output import print_json
    from hedgerow.client.registry import AsyncRegistry
    from hedgerow.client.serving import PlanGoal

    how = waiting(wait, executors, wait_seconds, router)

    async def run() -> Plan:
        async with AsyncRegistry(registry) as client:
            plan = await client.rollback_plan(data_type, revision, expected_revision=expect)
            if not as_json:
                again = f"; it is revision {plan.restores} again" if plan.restores else ""
                print(f"{data_type}: plan revision {plan.revision} is in force{again}", flush=True)
            if how is not None:
                await how.until_serving(PlanGoal(client, data_type, plan.revision))
            return plan

    plan = asyncio.run(run())
    if as_json:
        print_json(as_dict(plan))
