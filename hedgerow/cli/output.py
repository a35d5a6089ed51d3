"""How commands write: results to stdout, progress to stderr, errors as one line there."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

_GAP = 2
"""Between columns."""
_LEAST = 12
"""A column that has less room than this is left out."""


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under headings, the most important columns first.

    A terminal that is too narrow cuts the last that it has room for and leaves out those behind it; through
    a pipe nothing is lost.
    """
    from rich.cells import cell_len
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    listed = [list(columns), *([printable(cell) for cell in row] for row in rows)]
    widths = [max(map(cell_len, column)) for column in zip(*listed, strict=True)]
    console = Console(highlight=False)
    if console.is_terminal:
        widths = _fitting(widths, console.width)
    else:
        console.width = sum(widths) + _GAP * len(widths)
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for column, width in zip(columns, widths, strict=False):
        table.add_column(column, no_wrap=True, width=width)
    for row in listed[1:]:
        table.add_row(*map(Text, row[: len(widths)]))
    console.print(table)


def _fitting(widths: list[int], room: int) -> list[int]:
    """Return the widths of the columns there is room for; the last of them may be narrower than it was."""
    fitting: list[int] = []
    for width in widths:
        if fitting and min(width, _LEAST) > room:
            break
        fitting.append(max(1, min(width, room)))
        room -= width + _GAP
    return fitting


def print_note(message: str) -> None:
    """Print what is not a result on stderr: progress, and what one might not expect."""
    print(printable(message), file=sys.stderr, flush=True)


def print_error(message: str) -> None:
    """Print an error as one line."""
    print("error: " + printable(" ".join(message.split())), file=sys.stderr)


def printable(text: str) -> str:
    """Return a text with what could steer a terminal written out.

    Descriptions, and reasons that models give, are written by people who may not be the reader's friends.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


@contextmanager
def progress_of_bytes(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show bytes done of bytes there are, on stderr, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn(what), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def progress_of_records(*, shown: bool, stays: bool) -> Iterator[Callable[[int], None]]:
    """Count records on stderr, if that is a terminal and it is to be `shown`; afterwards it `stays`."""
    if not shown or not sys.stderr.isatty():
        yield lambda records: None
        return
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TimeElapsedColumn
    from rich.text import Text

    class Records(ProgressColumn):
        def render(self, task: Task) -> Text:
            # There is no speed before two of them were counted.
            speed = f", {task.speed:,.0f} a second" if task.speed else ""
            return Text(f"{task.completed:,.0f} records{speed}")

    columns = (SpinnerColumn(), Records(), TimeElapsedColumn())
    console = Console(stderr=True)
    # What is printed meanwhile goes where it belongs, and not to that terminal.
    with Progress(
        *columns, console=console, transient=not stays, redirect_stdout=False
    ) as progress:
        task = progress.add_task("", total=None)
        yield lambda records: progress.advance(task, records)


def size_text(size: int) -> str:
    """Return a number of bytes for people."""
    value = float(size)
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} GB"


def date_text(moment: datetime) -> str:
    """Return the day of a moment (UTC, without a time zone) in the user's time zone."""
    return f"{_local(moment):%Y-%m-%d}"


def time_text(moment: datetime) -> str:
    """Return a moment (UTC, without a time zone) in the user's time zone, to the second."""
    return f"{_local(moment):%Y-%m-%d %H:%M:%S}"


def _local(moment: datetime) -> datetime:
    from datetime import UTC

    return moment.replace(tzinfo=UTC).astimezone()
