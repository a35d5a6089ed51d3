"""What people see of the demo: scenes, tables, and what was claimed and found.

Plain text where stdout is no terminal: no colours, no spinners, 80 columns.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

_WIDEST = 100


class Stage:
    """Where scenes are played. Keeps count of claims that did not hold."""

    def __init__(self, stream: TextIO | None = None) -> None:
        out = stream or sys.stdout
        if hasattr(out, "reconfigure"):
            out.reconfigure(errors="replace")  # a terminal without some character shows a `?`
        self.console = Console(file=out, highlight=False)
        self.console.width = min(self.console.width, _WIDEST)
        self.failures: list[str] = []
        self.is_plain = self.console.options.ascii_only
        """Whether the terminal has ASCII only."""

    def scene(self, number: int, title: str, sentence: str) -> None:
        """Open a scene; the sentence says what is going to be seen."""
        self.console.print()
        self.console.rule(
            f"[bold]{number}  {title}",
            align="left",
            style="dim",
            characters="-" if self.is_plain else "─",
        )
        self.say(sentence)
        self.console.print()

    def say(self, text: str, style: str = "") -> None:
        """Print a paragraph."""
        for line in textwrap.wrap(text, self.console.width - 1):
            self.console.print(Text(line, style))

    def show(self, what: RenderableType) -> None:
        """Print a table or the like, indented."""
        self.console.print(Padding(what, (0, 0, 0, 2), expand=False))

    def check(self, holds: bool, claim: str, found: str = "") -> None:
        """Say whether a claim holds; if not, what was found instead."""
        good, bad = ("ok", "NO") if self.is_plain else ("✓", "✗")
        if holds:
            self.console.print(Text.assemble(("  " + good, "bold green"), f" {claim}"))
            return
        self.failures.append(claim)
        self.console.print(Text.assemble(("  " + bad, "bold red"), f" expected: {claim}"))
        for text in textwrap.wrap(f"found: {found or 'otherwise'}", self.console.width - 5):
            self.console.print(f"    {text}", markup=False)

    @contextmanager
    def working(self, what: str) -> Iterator[None]:
        """Show that something goes on, where that can be shown."""
        if not self.console.is_terminal:
            yield
            return
        with self.console.status(what, spinner="line" if self.is_plain else "dots"):
            yield
