"""`hedgerow stream scores`: the scores of a stream, those there are and those that come."""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import aclosing
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from hedgerow.cli import options
from hedgerow.cli.options import AsJson, Router

if TYPE_CHECKING:
    from collections.abc import Callable

    from hedgerow.data.stream_scores import StreamScore

_POSITION = re.compile(r"\d+(-\d+)?")
_COLUMNS = ("ID", "VALUE", "CONF", "MODEL", "REASON", "TIME")
_WIDTHS = (18, 5, 4, 14, 9, 8)
"""To begin with; with the gaps, 68 columns of 80."""


def scores(
    data_type: Annotated[str, typer.Argument(help="'wine', say.", show_default=False)],
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")
    ] = False,
    start: Annotated[
        str,
        typer.Option(
            "--from",
            help="'start': the oldest. '10m': what came since. Or after a 'position' of --json."
            " By default the oldest, with --follow what comes from now on.",
        ),
    ] = "",
    limit: Annotated[
        int | None, typer.Option(min=1, help="So many at the most.", show_default=False)
    ] = None,
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """Print the scores of a stream, a line each; with --json a JSON object each."""
    from hedgerow.client.aio import AsyncClient

    begin = _begin(start, follow)

    async def run() -> None:
        show = _as_json(follow) if as_json else _as_lines(follow)
        left = limit
        async with (
            AsyncClient(router) as client,
            aclosing(client.scores(data_type, begin, follow=follow)) as found,
        ):
            async for score in found:
                show(score)
                if left is not None and (left := left - 1) == 0:
                    return

    asyncio.run(run())


def _begin(start: str, follow: bool) -> str | datetime:
    """Return where to begin. Raises a usage error for what is no place."""
    from hedgerow.client.record_streams.reading import NOW, OLDEST

    if not start:
        return NOW if follow else OLDEST
    if start == "start":
        return OLDEST
    if _POSITION.fullmatch(start):
        return start
    return _ago(start)


def _ago(text: str) -> datetime:
    from datetime import UTC

    from hedgerow.durations import InvalidDuration, parse_duration

    try:
        return datetime.now(UTC) - parse_duration(text)
    except (InvalidDuration, OverflowError) as error:
        raise typer.BadParameter(
            f"{text!r} is neither 'start', nor a position such as 1764500000000-0, nor how long ago,"
            " such as 10m",
            param_hint="--from",
        ) from error


def _as_json(flush: bool) -> Callable[[StreamScore], None]:
    def show(score: StreamScore) -> None:
        print(json.dumps(score.to_dict(), ensure_ascii=False), flush=flush)

    return show


def _as_lines(flush: bool) -> Callable[[StreamScore], None]:
    from hedgerow.cli.streams.lines import Lines

    lines = Lines(_COLUMNS, _WIDTHS)

    def show(score: StreamScore) -> None:
        lines.print(_cells(score, lines.is_wide), flush=flush)

    return show


def _cells(score: StreamScore, is_wide: bool) -> list[str]:
    value = f"{score.value:.6g}" if isinstance(score.value, float) else score.value
    decided_at = (score.appended_at + score.elapsed).astimezone()
    return [
        score.id,
        "-" if value is None else value,
        "-" if score.confidence is None else f"{score.confidence:.2f}",
        score.answered_by or "-",
        f"{score.reason}, overdue" if score.overdue else str(score.reason),
        f"{decided_at:%Y-%m-%d %H:%M:%S}" if is_wide else f"{decided_at:%H:%M:%S}",
    ]
