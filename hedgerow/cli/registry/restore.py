"""`hedgerow registry restore`: brings back what a backup knows, or the disk of an executor."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.options import AsJson, Registry
from hedgerow.cli.registry.backup import STANDARD

if TYPE_CHECKING:
    from hedgerow.client.history.backups import Restored
    from hedgerow.v1.backup_pb2 import BackupPiece


def restore(
    file: Annotated[str, typer.Argument(help="A backup; '-': stdin.", show_default=False)] = "",
    from_executor: Annotated[
        Path | None,
        typer.Option(help="Folder of an executor's definitions, in place of a backup."),
    ] = None,
    definitions: Annotated[
        Path | None,
        typer.Option(help="With --from-executor: where the definitions are, if elsewhere."),
    ] = None,
    registry: Registry = options.REGISTRY,
    as_json: AsJson = False,
) -> None:
    """Bring back what a backup knows and the log does not. What the log knows stays as it is."""
    from hedgerow.cli.output import progress_of_bytes
    from hedgerow.client.history import backups

    if bool(file) == (from_executor is not None):
        raise typer.BadParameter(
            "give the file of a backup, or --from-executor with a folder", param_hint="FILE"
        )
    if definitions is not None and from_executor is None:
        raise typer.BadParameter(
            "it goes with --from-executor; a backup has definitions of its own",
            param_hint="--definitions",
        )

    async def run() -> Restored:
        with (
            _pieces(file, from_executor, definitions) as pieces,
            progress_of_bytes("restoring") as progress,
        ):
            return await backups.restore(pieces, registry, progress=lambda done: progress(done, 0))

    _say(asyncio.run(run()), as_json)


def _say(found: Restored, as_json: bool) -> None:
    from hedgerow.cli.output import print_error, print_json

    if as_json:
        print_json(
            {
                "versions": found.versions,
                "blobs": found.blobs,
                "without_bytes": found.without_bytes,
            }
        )
    else:
        print(f"{found.versions} versions and {found.blobs} definitions are back")
    if found.without_bytes:
        names = ", ".join(found.without_bytes)
        print_error(f"nobody has the bytes of {names}; push them again")


@contextmanager
def _pieces(
    file: str, disk: Path | None, definitions: Path | None
) -> Iterator[Iterator[BackupPiece]]:
    from hedgerow.backups.executor_disk import pieces_of_disk
    from hedgerow.backups.files import read_pieces
    from hedgerow.errors import InvalidInput

    try:
        if disk is not None:
            yield pieces_of_disk(disk, definitions)
        elif file == STANDARD:
            yield read_pieces(sys.stdin.buffer)
        else:
            with Path(file).open("rb") as opened:
                yield read_pieces(opened)
    except OSError as error:
        raise InvalidInput(f"cannot read {disk or file}: {error.strerror or error}") from error
