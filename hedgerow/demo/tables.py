"""Small things that several scenes draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from rich.table import Table

_LEVELS = " ▁▂▃▄▅▆▇█"
_PLAIN_LEVELS = " .,-=+*%#"

Justify = Literal["left", "right"]


def table(*columns: str) -> Table:
    """Return a table without lines; a heading that begins with `>` has its column on the right."""
    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for heading in columns:
        side: Justify = "right" if heading.startswith(">") else "left"
        made.add_column(heading.removeprefix(">"), justify=side, no_wrap=True)
    return made


def sparkline(values: Sequence[float], top: float, *, plain: bool) -> str:
    """Draw values from 0 to `top`, a character each; anything above 0 is seen. `plain` is in ASCII."""
    levels = _PLAIN_LEVELS if plain else _LEVELS
    last = len(levels) - 1
    return "".join(
        levels[max(1, min(last, round(value / top * last)))] if value > 0 else levels[0]
        for value in values
    )


def milliseconds(seconds: float) -> str:
    """Return a time for people."""
    return f"{seconds * 1e3:.1f}" if seconds < 0.1 else f"{seconds * 1e3:.0f}"
