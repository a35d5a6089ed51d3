"""`hedgerow plan apply`: put a plan into force."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.options import AsJson, Registry, Router, Wait
from hedgerow.cli.plans.told import as_dict

if TYPE_CHECKING:
    from hedgerow.client.registry import AsyncRegistry
    from hedgerow.v1.plans_pb2 import Plan


def apply(
    file: Annotated[Path, typer.Argument(help="The plan, in YAML.", show_default=False)],
    wait: Wait = False,
    registry: Registry = options.REGISTRY,
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """Put a plan into force for its data type."""
    from hedgerow.cli.output import print_json
    from hedgerow.client.registry import AsyncRegistry
    from hedgerow.plans.plan import plan_from_yaml

    plan = plan_from_yaml(_text_of(file))

    async def run() -> Plan:
        async with AsyncRegistry(registry) as client:
            in_force = await client.apply_plan(plan)
            if wait:
                await _wait_until_serving(client, router, in_force)
            return in_force

    applied = asyncio.run(run())
    if as_json:
        print_json(as_dict(applied))
    else:
        print(f"{applied.data_type}: plan revision {applied.revision} is in force")


async def _wait_until_serving(client: AsyncRegistry, router: str, plan: Plan) -> None:
    """Wait for the versions that a plan names, and for the newest of the models that it names without."""
    from hedgerow.client.serving import wait_until_serving

    wanted = [
        (model.name, (await client.get_model(plan.data_type, model.name, model.version)).version)
        for model in plan.models
    ]
    await wait_until_serving(router, plan.data_type, wanted, options.WAIT_SECONDS)


def _text_of(file: Path) -> str:
    from hedgerow.errors import InvalidInput

    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"cannot read {file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file} is not a text; give a plan in YAML") from error
