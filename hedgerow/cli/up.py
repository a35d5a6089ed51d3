"""`hedgerow up`: a mesh on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer


def up(
    data_dir: Annotated[
        Path | None, typer.Option(help="Where models, plans and logs are kept.")
    ] = None,
    port: Annotated[
        int,
        typer.Option(min=0, max=65531, help="The router's; the next four follow. 0: free ones."),
    ] = 8400,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the addresses as one line of JSON when ready.")
    ] = False,
) -> None:
    """Start a mesh on this machine and keep it running until Ctrl-C.

    Models and plans are kept: the next `up` on the same folder has them again.
    """
    from hedgerow.local.running import run

    raise typer.Exit(asyncio.run(run(data_dir, port, as_json)))
