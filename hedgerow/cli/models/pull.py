"""`hedgerow models pull`: fetch a definition."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.models.told import as_dict
from hedgerow.cli.named import DataType, Model, named
from hedgerow.cli.options import AsJson, Registry

if TYPE_CHECKING:
    from hedgerow.v1.models_pb2 import ModelVersion


def pull(
    model: Model,
    data_type: DataType = "",
    to: Annotated[Path | None, typer.Option(help="File to write; by default, its name.")] = None,
    registry: Registry = options.REGISTRY,
    as_json: AsJson = False,
) -> None:
    """Fetch the definition of a model."""
    from hedgerow.cli.output import print_json, progress_of_bytes, size_text
    from hedgerow.cli.written import written
    from hedgerow.client.registry import AsyncRegistry

    meant = named(model, data_type)
    target = to or Path(meant.name)

    async def run() -> ModelVersion:
        with progress_of_bytes(f"pulling {meant}") as progress, written(target) as file:
            async with AsyncRegistry(registry) as client:
                return await client.pull_model(
                    meant.data_type,
                    meant.name,
                    meant.version,
                    to=file,
                    progress=progress,
                    alias=meant.alias,
                )

    pulled = asyncio.run(run())
    if as_json:
        print_json({**as_dict(pulled), "file": str(target)})
    else:
        print(f"{target}: {meant.name}@{pulled.version}, {size_text(pulled.size)}")
