"""`hedgerow plan apply`: put a plan into force."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.options import AsJson, Executors, Registry, Router, Wait, WaitSeconds
from hedgerow.cli.plans.told import as_dict
from hedgerow.cli.waiting import waiting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hedgerow.client.registry import Applied
    from hedgerow.v1.models_pb2 import VersionName

Expect = Annotated[
    int | None,
    typer.Option(
        "--expect",
        min=0,
        max=options.LAST_REVISION,
        help="The revision that must be in force (0: nobody applied one); else nothing is changed.",
        show_default=False,
    ),
]


def apply(
    file: Annotated[
        Path, typer.Argument(help="The plan, in YAML; '-' is stdin.", show_default=False)
    ],
    expect: Expect = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only check it, and say what would change.")
    ] = False,
    wait: Wait = False,
    executors: Executors = 0,
    wait_seconds: WaitSeconds = options.WAIT_SECONDS,
    registry: Registry = options.REGISTRY,
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """Put a plan into force for its data type."""
    from hedgerow.client.registry import AsyncRegistry
    from hedgerow.client.serving import PlanGoal
    from hedgerow.plans.plan import plan_from_yaml

    how = waiting(wait, executors, wait_seconds, router)
    if dry_run and how is not None:
        raise typer.BadParameter("changes nothing that could be waited for", param_hint="--dry-run")
    plan = plan_from_yaml(text_of(file))

    async def run() -> Applied:
        async with AsyncRegistry(registry) as client:
            applied = await client.apply_plan(plan, expected_revision=expect, dry_run=dry_run)
            if not as_json:
                _tell(applied, dry_run)
            if how is not None:
                await how.until_serving(PlanGoal(client, plan.data_type, applied.plan.revision))
            return applied

    applied = asyncio.run(run())
    if as_json:
        _tell_scripts(applied, dry_run)


def text_of(file: Path) -> str:
    """Return what is in a file, or comes by stdin ('-'). Raises InvalidInput."""
    from hedgerow.errors import InvalidInput

    try:
        if file == Path("-"):
            return sys.stdin.buffer.read().decode()
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"cannot read {file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file} is not a text; give a plan in YAML") from error


def _tell(applied: Applied, dry_run: bool) -> None:
    plan = applied.plan
    is_in = "would be in force; nothing was changed" if dry_run else "is in force"
    print(f"{plan.data_type}: plan revision {plan.revision} {is_in}", flush=True)
    for what, versions in (("to load", applied.loads), ("to end", applied.ends)):
        if versions:
            print(f"  {what}: {', '.join(_texts(versions))}", flush=True)


def _tell_scripts(applied: Applied, dry_run: bool) -> None:
    from hedgerow.cli.output import print_json

    plan = applied.plan
    versions = [
        f"{model.name}@{version}" if version else None
        for model, version in zip(plan.models, applied.versions, strict=False)
    ]
    changes = {"loads": list(_texts(applied.loads)), "ends": list(_texts(applied.ends))}
    print_json({**as_dict(plan), "dry_run": dry_run, "versions": versions, **changes})


def _texts(versions: Iterable[VersionName]) -> Iterable[str]:
    return (f"{version.name}@{version.version}" for version in versions)
