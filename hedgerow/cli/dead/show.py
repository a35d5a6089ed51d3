"""`hedgerow dead show`: everything that is known of records that could not be scored."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.dead.told import moment_text
from hedgerow.cli.options import AsJson, Router

if TYPE_CHECKING:
    from hedgerow.data.dead_letters import DeadLetter


def show(
    data_type: Annotated[str, typer.Argument(help="'wine', say.", show_default=False)],
    ids: Annotated[list[str], typer.Argument(help="Of these records.", show_default=False)],
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """Show dead letters with their records."""
    from hedgerow.cli.output import print_json
    from hedgerow.client.aio import AsyncClient

    async def run() -> list[DeadLetter]:
        async with AsyncClient(router) as client:
            return [letter async for letter in client.dead_letters(data_type, ids)]

    found = asyncio.run(run())
    if as_json:
        print_json([letter.to_dict() for letter in found])
        return
    for number, letter in enumerate(found):
        if number:
            print()
        _print(data_type, letter)


def _print(data_type: str, letter: DeadLetter) -> None:
    from hedgerow.cli.output import print_table, printable

    stream = f"{data_type}/{letter.partition}" if letter.partition else data_type
    print(printable(f"{letter.id} of {stream}: {letter.cause.replace('_', ' ')}"))
    for label, value in _facts(letter):
        if value:
            print(f"  {label:<12}{printable(value)}")
    rows = list(_rows(letter))
    if rows:
        print()
        print_table(("FEATURE" if letter.fields is not None else "FIELD", "VALUE"), rows)


def _facts(letter: DeadLetter) -> Iterator[tuple[str, str]]:
    yield "because", letter.message
    yield "tries", str(letter.tries)
    yield "key", letter.key
    yield "appended", moment_text(letter.appended_at)
    yield "dead since", moment_text(letter.at)
    yield "trace", letter.traceparent
    yield "position", letter.position


def _rows(letter: DeadLetter) -> Iterator[tuple[str, str]]:
    if letter.fields is not None:
        yield from ((name, _text(value)) for name, value in letter.fields.items())
    yield from ((str(name), str(value)) for name, value in letter.to_dict()["entry"])


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
