"""`hedgerow dead list`: which records could not be scored, and why."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.options import AsJson, Router

if TYPE_CHECKING:
    from hedgerow.data.dead_letters import DeadLetter

_COLUMNS = ("ID", "WHEN", "TRIES", "CAUSE", "MESSAGE")


def list_letters(
    data_type: Annotated[str, typer.Argument(help="'wine', say.", show_default=False)],
    ids: Annotated[list[str] | None, typer.Argument(help="Of these records only.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="The oldest so many. 0: all.")] = 100,
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """List dead letters, oldest first: records of the stream that could not be scored."""
    from hedgerow.cli.output import print_json, print_note, print_table
    from hedgerow.client.aio import AsyncClient

    async def run() -> tuple[list[DeadLetter], int]:
        async with AsyncClient(router) as client:
            found: list[DeadLetter] = []
            async with aclosing(client.dead_letters(data_type, ids or ())) as letters:
                async for letter in letters:
                    if limit and len(found) == limit:
                        return found, await client.count_dead_letters(data_type)
                    found.append(letter)
            return found, len(found)

    found, total = asyncio.run(run())
    if as_json:
        print_json([letter.to_dict() for letter in found])
    elif found:
        print_table(_COLUMNS, map(_row, found))
    else:
        print(f"there are no dead letters of {data_type}")
    if total > len(found):
        print_note(f"note: these are the oldest {len(found)} of {total:,}; --limit 0 lists all")


def _row(letter: DeadLetter) -> list[str]:
    from hedgerow.cli.dead.told import moment_text

    return [
        letter.id,
        moment_text(letter.at),
        str(letter.tries),
        letter.cause.replace("_", " "),
        letter.message,
    ]
