"""The tables of docs/deploy.md say what was measured and what is reckoned from it, and nothing older."""

from __future__ import annotations

import re
from pathlib import Path

from bench.growth.report import main
from bench.sizes import book
from bench.sizes.summary import memory, processor

DOCUMENT = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text(encoding="utf-8")


def test_sizes_are_those_that_were_measured() -> None:
    sizes = book.read()
    for line in (*memory(sizes), *processor(sizes)):
        assert f"\n{line}\n" in DOCUMENT, "python -m bench.sizes.summary prints it anew"


def test_growth_is_what_the_simulation_says() -> None:
    printed: list[str] = []
    main(printed.append)
    tables = [line for line in printed if line.startswith("|")]
    assert len(tables) > 20
    for line in tables:
        assert f"\n{line}\n" in DOCUMENT, "python -m bench.growth prints it anew"


def test_the_commands_that_are_named_are_there() -> None:
    for module in re.findall(r"`python -m (bench[\w.]*)", DOCUMENT):
        path = Path(__file__).parents[2].joinpath(*module.split("."))
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
