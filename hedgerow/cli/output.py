"""How commands write: results to stdout, progress to stderr, errors as one line there."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

# Nobody is to lose columns because a table went into a file.
_PIPE_COLUMNS = 200


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under headings; a terminal that is too narrow cuts the last column."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    listed = [columns, *([printable(cell) for cell in row] for row in rows)]
    for place, column in enumerate(columns):
        is_last = place == len(columns) - 1
        widest = max(len(row[place]) for row in listed)
        table.add_column(column, no_wrap=True, min_width=None if is_last else widest)
    for row in listed[1:]:
        table.add_row(*map(Text, row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PIPE_COLUMNS
    console.print(table)


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
    from datetime import UTC

    return f"{moment.replace(tzinfo=UTC).astimezone():%Y-%m-%d}"
