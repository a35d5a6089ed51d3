"""`hedgerow registry backup`: all that is known, and the bytes of all definitions, into a file."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.options import AsJson, Registry

STANDARD = "-"


def backup(
    file: Annotated[str, typer.Argument(help="File to write; '-': stdout.", show_default=False)],
    skip_lost: Annotated[
        bool, typer.Option("--skip-lost", help="Leave out definitions that the log has lost.")
    ] = False,
    registry: Registry = options.REGISTRY,
    as_json: AsJson = False,
) -> None:
    """Write all that is known of models and plans to a file, with the definitions that are in the log."""
    from hedgerow.backups.summary import Summary
    from hedgerow.cli.output import print_error, progress_of_bytes
    from hedgerow.cli.written import to_stdout, written
    from hedgerow.client.history import backups

    async def run() -> Summary:
        output = to_stdout() if file == STANDARD else written(Path(file))
        with progress_of_bytes("backing up") as progress, output as to:
            return await backups.backup(
                to, registry, skip_lost=skip_lost, progress=lambda done: progress(done, 0)
            )

    found = asyncio.run(run())
    if found.without_bytes:
        print_error(f"the backup is without the bytes of {', '.join(found.without_bytes)}")
    _say(file, found.versions, len(found.blobs), found.without_bytes, as_json)


def _say(file: str, versions: int, blobs: int, without: list[str], as_json: bool) -> None:
    """Say what was written, on stderr where stdout has the backup."""
    import json

    said = f"{file}: {versions} versions, {blobs} definitions"
    if as_json:
        said = json.dumps({"versions": versions, "blobs": blobs, "without_bytes": without})
    print(said, file=sys.stderr if file == STANDARD else sys.stdout)
