"""`hedgerow demo`: real models and real records on a real mesh, in five scenes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer


def demo(
    examples: Annotated[
        Path | None, typer.Option(help="The folder examples/wine, if it is not found.")
    ] = None,
) -> None:
    """See it work: real models, real records, five scenes, about a minute.

    Nothing is left behind. The exit code is 1 if anything was not as it is told.
    """
    from hedgerow.demo import run

    raise typer.Exit(asyncio.run(run(examples)))
