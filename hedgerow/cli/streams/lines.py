"""Rows under headings that come one by one, for as long as one likes."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

_GAP = "  "


class Lines:
    """Prints rows under headings. A column grows with what comes.

    In a terminal a line is no longer than that is wide: then what does not fit is cut. Through a pipe
    nothing is lost.
    """

    def __init__(self, columns: Sequence[str], widths: Sequence[int]) -> None:
        """`widths` are what columns begin with."""
        self._columns = columns
        self._widths = list(widths)
        self._room = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        self._is_empty = True

    @property
    def is_wide(self) -> bool:
        """Whether there is room for more than the necessary."""
        return self._room is None or self._room >= 100

    def print(self, cells: Sequence[str], *, flush: bool) -> None:
        """Print a row."""
        from hedgerow.cli.output import printable

        shown = [printable(cell) for cell in cells]
        self._grow(shown)
        if self._is_empty:
            self._is_empty = False
            print(self._line(self._columns))
        print(self._line(shown), flush=flush)

    def _grow(self, cells: Sequence[str]) -> None:
        """Widen columns for a row, as far as there is room."""
        from rich.cells import cell_len

        for number, cell in enumerate(cells):
            more = max(cell_len(cell) - self._widths[number], 0)
            if self._room is not None:
                used = sum(self._widths) + len(_GAP) * (len(self._widths) - 1)
                more = min(more, max(self._room - used, 0))
            self._widths[number] += more

    def _line(self, cells: Sequence[str]) -> str:
        pairs = zip(cells, self._widths, strict=True)
        line = _GAP.join(_fitted(cell, width) for cell, width in pairs).rstrip()
        return line if self._room is None else line[: self._room]


def _fitted(cell: str, width: int) -> str:
    from rich.cells import cell_len, set_cell_size

    if cell_len(cell) <= width:
        return set_cell_size(cell, width)
    return set_cell_size(cell, width - 1) + "…"
