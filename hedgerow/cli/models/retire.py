"""`hedgerow models retire`, `delete`, `retry`: versions leave, or get another chance."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.models.told import state_text, tracked_dict
from hedgerow.cli.named import DataType, Model, Named, named_version
from hedgerow.cli.options import AsJson, Registry

if TYPE_CHECKING:
    from hedgerow.client.registry import Deleted, Tracked

Force = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Even if the plan or an alias needs it: such aliases are removed, and the version before it"
        " answers as soon as it is loaded, if there is one.",
    ),
]

_AGAIN = "push its bytes again for a new version, if it is needed after all"


def retire(
    model: Model,
    data_type: DataType = "",
    force: Force = False,
    registry: Registry = options.REGISTRY,
    as_json: AsJson = False,
) -> None:
    """Take a version out of service, for good. Its bytes and its record stay."""
    from hedgerow.cli.output import print_json
    from hedgerow.client.registry import AsyncRegistry

    meant = named_version(model, data_type)

    async def run() -> tuple[Tracked, Tracked]:
        async with AsyncRegistry(registry) as client:
            where = (meant.data_type, meant.name, meant.version)
            return await client.show_model(*where), await client.retire_model(*where, force=force)

    before, retired = asyncio.run(run())
    if as_json:
        print_json(tracked_dict(retired))
        return
    if state_text(retired.life.state) == "deleted":
        print(f"{meant} is deleted, and its record stays; {_AGAIN}")
        return
    again = f"`hedgerow models pull {meant.data_type}/{meant}` fetches its bytes; {_AGAIN}"
    print(f"{meant} is retired and never serves again{_removed(meant, before)}; {again}")


def delete(
    model: Model,
    data_type: DataType = "",
    force: Force = False,
    registry: Registry = options.REGISTRY,
    as_json: AsJson = False,
) -> None:
    """Retire a version and remove its bytes. Its record stays."""
    from hedgerow.cli.output import print_json, size_text
    from hedgerow.client.registry import AsyncRegistry, Tracked

    meant = named_version(model, data_type)

    async def run() -> tuple[Tracked, Deleted]:
        async with AsyncRegistry(registry) as client:
            where = (meant.data_type, meant.name, meant.version)
            return await client.show_model(*where), await client.delete_model(*where, force=force)

    before, deleted = asyncio.run(run())
    if as_json:
        said = tracked_dict(Tracked(deleted.model, deleted.life))
        print_json({**said, "freed": deleted.freed})
        return
    freed = f"{size_text(deleted.freed)} are free" if deleted.freed else _why_none_freed(deleted)
    print(f"{meant} is deleted{_removed(meant, before)}: {freed}, and its record stays; {_AGAIN}")


def retry(
    model: Model,
    data_type: DataType = "",
    registry: Registry = options.REGISTRY,
    as_json: AsJson = False,
) -> None:
    """Have a version tried again that failed or is quarantined."""
    from hedgerow.cli.output import print_json
    from hedgerow.client.registry import AsyncRegistry

    meant = named_version(model, data_type)

    async def run() -> Tracked:
        async with AsyncRegistry(registry) as client:
            return await client.retry_model(meant.data_type, meant.name, meant.version)

    tracked = asyncio.run(run())
    if as_json:
        print_json(tracked_dict(tracked))
    else:
        print(f"{meant} is tried again; `hedgerow models show {meant.data_type}/{meant}` tells how")


def _removed(meant: Named, before: Tracked) -> str:
    """Say which aliases went with it; none did unless that was forced."""
    gone = [f"{meant.name}@{alias}" for alias in before.life.aliases]
    return f" ({', '.join(gone)} {'is' if len(gone) == 1 else 'are'} removed)" if gone else ""


def _why_none_freed(deleted: Deleted) -> str:
    location = deleted.model.descriptor.location
    if location:
        return f"what is at {location} is not ours to remove"
    return "its bytes stay, for another version has the same"
