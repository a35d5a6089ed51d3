"""`hedgerow models aliases`: which alias points to which version, and since when."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.models import told
from hedgerow.cli.options import AsJson, Registry

if TYPE_CHECKING:
    from hedgerow.client.registry import AsyncRegistry
    from hedgerow.v1.events_pb2 import AliasChange
    from hedgerow.v1.registry_pb2 import ModelAlias

    Found = list[tuple[str, ModelAlias]]


def aliases(
    data_type: Annotated[str, typer.Argument(help="Of this data type only.")] = "",
    history: Annotated[
        bool, typer.Option("--history", help="Each change, also of aliases that are no more.")
    ] = False,
    registry: Registry = options.REGISTRY,
    as_json: AsJson = False,
) -> None:
    """List the aliases of models."""
    from hedgerow.cli.output import print_json, print_table
    from hedgerow.client.registry import AsyncRegistry

    async def run() -> Found:
        async with AsyncRegistry(registry) as client:
            types = [data_type] if data_type else await _data_types(client)
            return [(t, found) for t in types for found in await client.list_aliases(t)]

    found = asyncio.run(run())
    listed = [(t, one) for t, one in found if history or one.alias.version]
    if as_json:
        print_json([told.alias_dict(t, one.name, one.alias) for t, one in listed])
    elif not listed:
        print("no aliases; `hedgerow models promote wine/wine-tree@3 champion` sets one")
    else:
        rows = _history_rows(listed) if history else map(_row, *zip(*listed, strict=True))
        print_table(("ALIAS", "VERSION", "SINCE", "BY", ""), list(rows))


async def _data_types(client: AsyncRegistry) -> list[str]:
    models = await client.list_models()
    return sorted({model.descriptor.data_type for model in models})


def _row(data_type: str, found: ModelAlias) -> list[str]:
    return _change_row(data_type, found, found.alias.changes[-1], "")


def _history_rows(listed: Found) -> Iterator[list[str]]:
    for data_type, found in listed:
        for change in found.alias.changes:
            how = "rollback" if change.rollback else "" if change.version else "removed"
            yield _change_row(data_type, found, change, how)


def _change_row(data_type: str, found: ModelAlias, change: AliasChange, how: str) -> list[str]:
    return [
        f"{data_type}/{found.name}@{found.alias.alias}",
        f"@{change.version}" if change.version else "-",
        told.moment_text(change.at),
        told.by_text(change.by),
        how,
    ]
