"""`hedgerow models promote`, `rollback`, `unalias`: aliases are moved."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.models.told import alias_dict
from hedgerow.cli.named import Alias, DataType, Model, Named, named, named_model
from hedgerow.cli.options import AsJson, Executors, Registry, Router, Wait, WaitSeconds
from hedgerow.cli.waiting import Waiting, waiting

if TYPE_CHECKING:
    from hedgerow.client.registry import AsyncRegistry
    from hedgerow.v1.events_pb2 import TrackedAlias


def promote(
    model: Model,
    alias: Alias,
    data_type: DataType = "",
    wait: Wait = False,
    executors: Executors = 0,
    wait_seconds: WaitSeconds = options.WAIT_SECONDS,
    registry: Registry = options.REGISTRY,
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """Have an alias point to a version; plans that follow it move when the version serves."""
    from hedgerow.client.registry import AsyncRegistry

    meant = _said_version(named(model, data_type), model)
    how = waiting(wait, executors, wait_seconds, router)

    async def run() -> None:
        async with AsyncRegistry(registry) as client:
            version = meant.version or (await client.get_model(*meant)).version
            moved = await client.set_alias(meant.data_type, meant.name, version, alias)
            became = _became(meant, moved.alias) if moved.changed else " already"
            await _settle(client, meant, moved.alias, became, how, as_json)

    asyncio.run(run())


def rollback(
    model: Annotated[str, typer.Argument(help="wine-tree, or wine/wine-tree.", show_default=False)],
    alias: Alias,
    data_type: DataType = "",
    wait: Wait = False,
    executors: Executors = 0,
    wait_seconds: WaitSeconds = options.WAIT_SECONDS,
    registry: Registry = options.REGISTRY,
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """Have an alias point to the version that it pointed to before."""
    from hedgerow.client.registry import AsyncRegistry

    meant = named_model(model, data_type)
    how = waiting(wait, executors, wait_seconds, router)

    async def run() -> None:
        async with AsyncRegistry(registry) as client:
            moved = await client.rollback_alias(meant.data_type, meant.name, alias)
            await _settle(client, meant, moved, _became(meant, moved), how, as_json)

    asyncio.run(run())


def unalias(
    model: Annotated[str, typer.Argument(help="wine-tree, or wine/wine-tree.", show_default=False)],
    alias: Alias,
    data_type: DataType = "",
    registry: Registry = options.REGISTRY,
    as_json: AsJson = False,
) -> None:
    """Remove an alias. Its history is kept."""
    from hedgerow.cli.output import print_json
    from hedgerow.client.registry import AsyncRegistry

    meant = named_model(model, data_type)

    async def run() -> int:
        async with AsyncRegistry(registry) as client:
            was = await client.get_model(meant.data_type, meant.name, alias=alias)
            await client.delete_alias(meant.data_type, meant.name, alias)
            return was.version

    was = asyncio.run(run())
    if as_json:
        said = {"data_type": meant.data_type, "name": meant.name, "alias": alias}
        print_json({**said, "version": None, "was": was})
        return
    again = f"hedgerow models promote {meant.data_type}/{meant.name}@{was} {alias}"
    print(f"{meant.name}@{alias} is no more; it was {meant.name}@{was} (`{again}` sets it again)")


def _said_version(meant: Named, model: str) -> Named:
    """Raise a usage error if no version is said: whoever promotes is to know what."""
    if not meant.version and not meant.alias:
        raise typer.BadParameter(
            f"say which version of {meant.name}: {model}@3, or that of another alias"
        )
    return meant


async def _settle(
    client: AsyncRegistry,
    meant: Named,
    moved: TrackedAlias,
    became: str,
    how: Waiting | None,
    as_json: bool,
) -> None:
    """Say what was done, and wait if that was asked for."""
    from hedgerow.cli.output import print_json
    from hedgerow.client.serving import AliasGoal

    plan = await client.get_plan(meant.data_type)
    is_followed = any((m.name, m.alias) == (meant.name, moved.alias) for m in plan.models)
    if not as_json:
        _tell(meant, moved, became, is_followed)
    if how is not None:
        goal = AliasGoal(client, meant.data_type, meant.name, moved.alias, moved.version)
        await how.until_serving(goal)
    if as_json:
        said = alias_dict(meant.data_type, meant.name, moved)
        print_json({**said, "is_followed": is_followed})


def _became(meant: Named, moved: TrackedAlias) -> str:
    """Return what follows `tree@champion is tree@1`: whether it was before, and what it was."""
    *_, before, now = [None, *moved.changes]
    was = before.version if before is not None else 0
    again = " again" if now is not None and now.rollback else ""
    return again + (f" (it was {meant.name}@{was})" if was not in (0, moved.version) else "")


def _tell(meant: Named, moved: TrackedAlias, became: str, is_followed: bool) -> None:
    from hedgerow.cli.output import print_note

    print(f"{meant.name}@{moved.alias} is {meant.name}@{moved.version}{became}", flush=True)
    if not is_followed:
        print_note(
            f"note: the plan of {meant.data_type} does not follow {meant.name}@{moved.alias}, so this"
            " changes no answer"
        )
