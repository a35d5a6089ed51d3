"""`hedgerow models list`: the versions of models."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.models.told import as_dict
from hedgerow.cli.options import AsJson, Registry, Router

if TYPE_CHECKING:
    from hedgerow.cli.models.hosts import HostStates
    from hedgerow.v1.models_pb2 import ModelVersion


def list_models(
    data_type: Annotated[str, typer.Argument(help="Of this data type only.")] = "",
    registry: Registry = options.REGISTRY,
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """List all versions of all models, and how their hosts are."""
    from hedgerow.cli.models.hosts import HostStates
    from hedgerow.cli.output import print_json, print_table
    from hedgerow.client.registry import AsyncRegistry

    async def run() -> tuple[list[ModelVersion], HostStates]:
        async with AsyncRegistry(registry) as client:
            models = await client.list_models(data_type)
        return models, await HostStates.ask(router, data_type)

    found, hosts = asyncio.run(run())
    if as_json:
        print_json([{**as_dict(model), "hosts": hosts.listed(model)} for model in found])
    elif found:
        columns = ("MODEL", "FORMAT", "QUALITY", "SIZE", "PUSHED", "HOSTS", "DESCRIPTION")
        print_table(columns, [_as_row(model, hosts.text(model)) for model in found])
        hosts.note()
    else:
        print("no models yet; push one with `hedgerow models push`")


def _as_row(model: ModelVersion, hosts: str) -> list[str]:
    from hedgerow.cli.output import date_text, size_text

    said = model.descriptor
    return [
        f"{said.data_type}/{said.name}@{model.version}",
        said.model_type,
        f"{said.quality:.4g}" if said.HasField("quality") else "",
        size_text(model.size),
        date_text(model.pushed_at.ToDatetime()),
        hosts,
        said.description,
    ]
