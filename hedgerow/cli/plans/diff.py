"""`hedgerow plan diff`: what differs between two revisions, or the plan in force and a file."""

from __future__ import annotations

import asyncio
import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from hedgerow.cli import options
from hedgerow.cli.options import AsJson, Registry
from hedgerow.cli.plans.apply import text_of

if TYPE_CHECKING:
    from hedgerow.client.registry import AsyncRegistry
    from hedgerow.v1.plans_pb2 import Plan


class _Side(NamedTuple):
    label: str
    plan: Plan


def diff(
    data_type: Annotated[str, typer.Argument(help="'wine', say.", show_default=False)],
    before: Annotated[
        str,
        typer.Argument(
            metavar="[FROM]", help="A revision, or a file to compare the plan in force with."
        ),
    ] = "",
    after: Annotated[
        str, typer.Argument(metavar="[TO]", help="A revision; by default the one in force.")
    ] = "",
    registry: Registry = options.REGISTRY,
    as_json: AsJson = False,
) -> None:
    """Show what differs: by default between the last two revisions."""
    from hedgerow.cli.output import print_json
    from hedgerow.client.registry import AsyncRegistry

    _check_asked(before, after)

    async def run() -> tuple[_Side, _Side]:
        async with AsyncRegistry(registry) as client:
            return await _sides(client, data_type, before, after)

    old, new = asyncio.run(run())
    lines = list(_differences(old, new))
    if as_json:
        print_json({"from": old.label, "to": new.label, "diff": lines})
    else:
        for line in lines:
            print(line)


async def _sides(
    client: AsyncRegistry, data_type: str, before: str, after: str
) -> tuple[_Side, _Side]:
    from hedgerow.errors import Refused

    if before and not before.isdecimal():
        now = await client.get_plan(data_type)
        return _side(now), _in_file(before, now)
    if before:
        first = await client.get_plan(data_type, int(before))
        return _side(first), _side(await client.get_plan(data_type, int(after or 0)))
    plans = await client.list_plans(data_type)
    if len(plans) < 2:
        raise Refused(
            f"the plan of {data_type} has no revision before the one in force to compare it with;"
            f" `hedgerow plan diff {data_type} plan.yaml` compares it with a file"
        )
    return _side(plans[-2]), _side(plans[-1])


def _check_asked(before: str, after: str) -> None:
    """Raise a usage error unless there are two revisions, or a file alone."""
    if before and not before.isdecimal() and after:
        raise typer.BadParameter(
            f"{before} is compared with the plan in force alone", param_hint="TO"
        )
    for hint, said in (("FROM", before if before.isdecimal() else ""), ("TO", after)):
        if said and not (said.isdecimal() and int(said) <= options.LAST_REVISION):
            raise typer.BadParameter(f"{said!r} is no revision", param_hint=hint)


def _in_file(file: str, now: Plan) -> _Side:
    """A file that does not say how many partitions there are changes nothing about them."""
    from hedgerow.plans.plan import plan_from_yaml
    from hedgerow.plans.streams import with_partitions

    plan = plan_from_yaml(text_of(Path(file)))
    return _Side(file, with_partitions(plan, now.stream.partitions))


def _side(plan: Plan) -> _Side:
    return _Side(f"revision {plan.revision}", plan)


def _differences(old: _Side, new: _Side) -> list[str]:
    from hedgerow.cli.output import printable
    from hedgerow.plans.plan import plan_to_yaml

    before, after = (plan_to_yaml(side.plan).splitlines() for side in (old, new))
    lines = difflib.unified_diff(before, after, old.label, new.label, lineterm="")
    return list(map(printable, lines))
