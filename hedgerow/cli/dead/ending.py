"""`hedgerow dead replay`, `drop`: records get another chance, or none."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.options import AsJson, Router

DataType = Annotated[str, typer.Argument(help="'wine', say.", show_default=False)]
Ids = Annotated[list[str] | None, typer.Argument(help="Of these records.", show_default=False)]
Everything = Annotated[bool, typer.Option("--all", help="All that there are.")]


def replay(
    data_type: DataType,
    ids: Ids = None,
    everything: Everything = False,
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """Put dead letters back into the stream, to be scored as if they were new."""
    from hedgerow.cli.dead.told import letters_text
    from hedgerow.cli.output import print_json
    from hedgerow.client.aio import AsyncClient

    _check(ids, everything)

    async def run() -> int:
        async with AsyncClient(router) as client:
            return await client.replay_dead_letters(data_type, ids or (), everything=everything)

    count = asyncio.run(run())
    if as_json:
        print_json({"replayed": count})
    else:
        what = "is" if count == 1 else "are"
        print(f"{letters_text(count)} of {data_type} {what} back in the stream")


def drop(
    data_type: DataType,
    ids: Ids = None,
    everything: Everything = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="--all: do not ask.")] = False,
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """Remove dead letters for good."""
    from hedgerow.cli.dead.told import letters_text
    from hedgerow.cli.output import print_json
    from hedgerow.client.aio import AsyncClient

    _check(ids, everything)
    if everything and not yes:
        _confirm(data_type, router)

    async def run() -> int:
        async with AsyncClient(router) as client:
            return await client.drop_dead_letters(data_type, ids or (), everything=everything)

    count = asyncio.run(run())
    if as_json:
        print_json({"dropped": count})
    else:
        print(f"{letters_text(count)} of {data_type} {'is' if count == 1 else 'are'} gone")


def _check(ids: list[str] | None, everything: bool) -> None:
    """Raise a usage error unless it is said which ones."""
    if everything == bool(ids):
        raise typer.BadParameter(
            "give the ids of records, or --all" + (", not both" if ids else ""), param_hint="IDS"
        )


def _confirm(data_type: str, router: str) -> None:
    """Ask a person; whoever is none has to say --yes."""
    from hedgerow.cli.dead.told import letters_text
    from hedgerow.client.aio import AsyncClient

    if not sys.stdin.isatty():
        raise typer.BadParameter(
            "what is dropped is gone for good, and nobody is here to be asked; add --yes",
            param_hint="--all",
        )

    async def run() -> int:
        async with AsyncClient(router) as client:
            return await client.count_dead_letters(data_type)

    count = letters_text(asyncio.run(run()))
    typer.confirm(f"drop {count} of {data_type} for good?", abort=True, err=True)
