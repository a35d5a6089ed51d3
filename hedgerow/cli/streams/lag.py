"""`hedgerow stream lag`: what waits in the streams of a data type."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.options import AsJson, Router
from hedgerow.cli.streams.told import name_of, oldest_text, stream_dict, total_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from hedgerow.v1.streams_pb2 import StreamState

_COLUMNS = ("STREAM", "WAITING", "OLDEST", "IN FLIGHT", "SCORES", "DEAD")
_CLEARED = "\x1b[H\x1b[2J"
"""The terminal, from its first line on."""


def lag(
    data_type: Annotated[str, typer.Argument(help="'wine', say.", show_default=False)],
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Look again and again, until Ctrl-C.")
    ] = False,
    every: Annotated[float, typer.Option(min=0.1, help="--watch: seconds between two looks.")] = 2,
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """Show how many records wait to be scored, since when, and who reads them.

    WAITING and IN FLIGHT count entries of the log, which may be batches of records.
    """
    from hedgerow.cli.output import print_json

    async def run() -> None:
        async for states in _looks(router, data_type, every if watch else None):
            if not as_json:
                _print(states, watch)
            elif watch:
                print(json.dumps([stream_dict(state) for state in states], ensure_ascii=False))
            else:
                print_json([stream_dict(state) for state in states])
            sys.stdout.flush()

    asyncio.run(run())


async def _looks(
    router: str, data_type: str, every: float | None
) -> AsyncIterator[list[StreamState]]:
    """Yield how the streams are, once or again and again. A mesh that is lost meanwhile is waited for."""
    from hedgerow.cli.output import print_error
    from hedgerow.client.aio import AsyncClient
    from hedgerow.errors import Unavailable

    async with AsyncClient(router) as client:
        yield await client.streams(data_type)
        while every is not None:
            await asyncio.sleep(every)
            try:
                states = await client.streams(data_type)
            except Unavailable as error:
                print_error(f"{error}; it goes on when it is back")
            else:
                yield states


def _print(states: Sequence[StreamState], is_one_of_many: bool) -> None:
    """Print a look. One of many has the terminal for itself, and elsewhere an empty line before it."""
    from hedgerow.cli.output import print_table

    if is_one_of_many:
        print(_CLEARED if sys.stdout.isatty() else "")
    if not states:
        print("nothing was sent into the stream yet")
        return
    paused = any(state.paused for state in states)
    columns = (*_COLUMNS, *(["PAUSED BECAUSE"] if paused else []), "READERS")
    rows = [_row(name_of(state), state, paused) for state in states]
    if len(states) > 1:
        rows.append(_row("all", total_of(states), paused))
    print_table(columns, rows)
    for state in states:
        if state.remark:
            print(f"{name_of(state)}: {state.remark}")


def _row(name: str, state: StreamState, paused: bool) -> list[str]:
    counts = (state.in_flight, state.scores, state.dead_letters)
    return [
        name,
        f"{state.waiting:,}",
        oldest_text(state),
        *(f"{count:,}" for count in counts),
        *([state.paused] if paused else []),
        ", ".join(state.readers),
    ]
