"""`hedgerow stream send`: the records of a file or of a pipe, into a stream."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from hedgerow.cli import options
from hedgerow.cli.options import AsJson, Router
from hedgerow.cli.scoring.opening import opened

if TYPE_CHECKING:
    from collections.abc import Callable

    from hedgerow.cli.streams.sending import Columns


def send(
    data_type: Annotated[str, typer.Argument(help="'wine', say.", show_default=False)],
    file: Annotated[
        str, typer.Argument(help="CSV or JSON lines; - for stdin.", show_default=False)
    ],
    rate: Annotated[
        float | None,
        typer.Option(help="Records a second, evenly; by default as fast as they are taken."),
    ] = None,
    key: Annotated[
        str, typer.Option(help="The column of the records' keys. It is no feature.")
    ] = "",
    id: Annotated[
        str, typer.Option("--id", help="The column of the records' ids. It is no feature.")
    ] = "",
    router: Router = options.ROUTER,
    as_json: AsJson = False,
) -> None:
    """Send records into a stream, which scores them by itself; `stream scores` shows the scores.

    It waits when the mesh is behind. An id that was there a moment ago is not scored again.
    """
    from hedgerow.cli.streams.sending import Columns

    if rate is not None and not 0 < rate < float("inf"):
        raise typer.BadParameter(f"{rate:g} cannot be; give more than 0", param_hint="--rate")
    if key and key == id:
        raise typer.BadParameter(f"{key!r} is the column of the keys already", param_hint="--id")
    counted = _Counted()
    try:
        with opened(file) as stream:
            asyncio.run(_send(router, data_type, stream, Columns(id, key), rate, counted))
    except KeyboardInterrupt:
        counted.tell(as_json, complete=False)
        raise
    counted.tell(as_json, complete=True)


async def _send(
    router: str,
    data_type: str,
    stream: BinaryIO,
    columns: Columns,
    rate: float | None,
    counted: _Counted,
) -> None:
    from hedgerow.cli.output import progress_of_records
    from hedgerow.cli.streams.pace import Pace
    from hedgerow.cli.streams.sending import Sending
    from hedgerow.client.aio import AsyncClient

    async with AsyncClient(router) as client:
        with progress_of_records(shown=True, stays=False) as progress:
            sending = Sending(client, data_type, columns, Pace(rate))
            await sending.run(stream, counted.counting(progress))


class _Counted:
    """How many records are in the stream, and since when they are sent."""

    def __init__(self) -> None:
        self._records = 0
        self._began_at = time.monotonic()

    def counting(self, progress: Callable[[int], None]) -> Callable[[int], None]:
        """Return what counts records, and shows them."""

        def count(records: int) -> None:
            self._records += records
            progress(records)

        return count

    def tell(self, as_json: bool, *, complete: bool) -> None:
        """Say what was done. What was on its way when it was stopped may be in the stream as well."""
        from hedgerow.cli.output import print_json

        seconds = time.monotonic() - self._began_at
        rate = self._records / seconds if seconds else 0.0
        if as_json:
            told: dict[str, Any] = {"sent": self._records, "complete": complete}
            print_json({**told, "seconds": round(seconds, 3), "per_second": round(rate, 1)})
            return
        what = "record is" if self._records == 1 else "records are"
        stopped = "" if complete else "stopped: "
        print(
            f"{stopped}{self._records:,} {what} in the stream, in {seconds:.1f} s ({rate:,.0f}/s)"
        )
