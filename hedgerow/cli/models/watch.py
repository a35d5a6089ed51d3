"""`hedgerow models watch`: what happens to models and plans, as it happens."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.options import AsJson, Registry

if TYPE_CHECKING:
    from hedgerow.client.history.watching import Seen


def watch(
    data_type: Annotated[str, typer.Argument(help="Of this data type only.")] = "",
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="Begin with all that has happened.")
    ] = False,
    registry: Registry = options.REGISTRY,
    as_json: AsJson = False,
) -> None:
    """Print what happens to models and plans, a line an event, until Ctrl-C."""
    from hedgerow.cli.models.happened import lines_of
    from hedgerow.cli.output import print_error, printable
    from hedgerow.client.history.watching import watch_models

    async def run() -> None:
        seen = watch_models(
            registry,
            data_type,
            from_beginning=from_beginning,
            interrupted=lambda error: print_error(f"{error}; it goes on when it is back"),
        )
        async for one in seen:
            for line in [_as_json(one)] if as_json else lines_of(one):
                print(line if as_json else printable(line))
            sys.stdout.flush()

    asyncio.run(run())


def _as_json(seen: Seen) -> str:
    """Return an event in one line."""
    from google.protobuf.json_format import MessageToDict

    said = seen.event if seen.event is not None else seen.snapshot
    what = "event" if seen.event is not None else "snapshot"
    told = MessageToDict(said, preserving_proto_field_name=True) if said is not None else {}
    return json.dumps({"data_type": seen.data_type, "id": seen.id, what: told}, ensure_ascii=False)
