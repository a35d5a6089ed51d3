"""`hedgerow models pull`: fetch a definition."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

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
    from hedgerow.client.registry import AsyncRegistry

    meant = named(model, data_type)
    target = to or Path(meant.name)

    async def run() -> ModelVersion:
        with progress_of_bytes(f"pulling {meant}") as progress, _replacing(target) as file:
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


@contextmanager
def _replacing(target: Path) -> Iterator[BinaryIO]:
    """Write a file under another name first, so that half of it never stands under its own."""
    from hedgerow.errors import InvalidInput

    try:
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
            try:
                yield file  # type: ignore[misc]
                os.replace(file.name, target)
            except BaseException:
                os.unlink(file.name)
                raise
    except OSError as error:
        raise InvalidInput(f"cannot write {target}: {error.strerror or error}") from error
