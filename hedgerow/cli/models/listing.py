"""`hedgerow models list`: the versions of models, and how they are."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.models.told import state_text, tracked_dict
from hedgerow.cli.options import AsJson, Registry, Router

if TYPE_CHECKING:
    from hedgerow.cli.models.hosts import HostStates
    from hedgerow.client.registry import Tracked

_COLUMNS = (
    "MODEL",
    "STATE",
    "ALIASES",
    "METRICS",
    "FORMAT",
    "SIZE",
    "PUSHED",
    "HOSTS",
    "DESCRIPTION",
)


def list_models(
    data_type: Annotated[str, typer.Argument(help="Of this data type only.")] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Also versions that are retired or deleted.")
    ] = False,
    registry: Registry = options.REGISTRY,
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """List all versions of all models, and how they and their hosts are."""
    from hedgerow.cli.models.hosts import HostStates
    from hedgerow.cli.output import print_json, print_table
    from hedgerow.client.registry import AsyncRegistry

    async def run() -> tuple[list[Tracked], HostStates]:
        async with AsyncRegistry(registry) as client:
            found = await client.list_tracked(data_type)
        return found, await HostStates.ask(router, data_type)

    found, hosts = asyncio.run(run())
    listed = [tracked for tracked in found if everything or not _is_over(tracked)]
    if as_json:
        print_json([_as_dict(tracked, hosts) for tracked in listed])
        return
    if not found:
        print("no models yet; push one with `hedgerow models push`")
    if listed:
        print_table(_COLUMNS, [_as_row(tracked, hosts) for tracked in listed])
        hosts.note(listed)
    _tell_left_out(len(found) - len(listed))


def _is_over(tracked: Tracked) -> bool:
    return state_text(tracked.life.state) in ("retired", "deleted")


def _tell_left_out(count: int) -> None:
    from hedgerow.cli.output import print_note

    if count:
        what = "version is" if count == 1 else "versions are"
        print_note(f"note: {count} {what} retired or deleted and not listed; --all lists them too")


def _as_dict(tracked: Tracked, hosts: HostStates) -> dict[str, object]:
    said = tracked_dict(tracked)
    return {**said, "state": hosts.state(tracked), "hosts": hosts.listed(tracked.model)}


def _as_row(tracked: Tracked, hosts: HostStates) -> list[str]:
    from hedgerow.cli.output import date_text, size_text
    from hedgerow.metrics import short_text

    model, said = tracked.model, tracked.model.descriptor
    return [
        f"{said.data_type}/{said.name}@{model.version}",
        hosts.state(tracked),
        ", ".join(tracked.life.aliases),
        ", ".join(map(short_text, said.metrics)),
        said.model_type,
        size_text(model.size),
        date_text(model.pushed_at.ToDatetime()),
        hosts.text(model),
        said.description,
    ]
