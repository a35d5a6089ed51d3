"""The results: a table on the terminal, in RESULTS.md, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.figures import Figure

_FOLDER = Path(__file__).parent
_COLUMNS = ("what", "figure", "floor", "ratio", "target", "held")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a scene; `failure` says why there are no figures."""

    name: str
    title: str
    figures: Sequence[Figure] = ()
    disturbance: float = 0.0
    """Share of the processor that somebody else took, at the most; 0 to 1."""
    failure: str = ""


def table(outcomes: Sequence[Outcome]) -> Table:
    """Return the table for a terminal."""
    made = Table("scene", *_COLUMNS, title="hedgerow beside its floors")
    for column in made.columns[2:]:
        column.no_wrap = True
    for column in made.columns[2:5]:
        column.justify = "right"
    for outcome in outcomes:
        made.add_section()
        for place, cells in enumerate(_rows(outcome)):
            made.add_row("" if place else f"[bold]{outcome.name}", *cells)
    return made


def keep(outcomes: Sequence[Outcome], command: str, machine: dict[str, Any]) -> list[Path]:
    """Replace RESULTS.md and results.json; older ones are in the history of git."""
    markdown, data = _FOLDER / "RESULTS.md", _FOLDER / "results.json"
    lines = [*_head(command, machine), *(line for o in outcomes for line in _section(o))]
    markdown.write_text("\n".join(lines) + "\n", encoding="utf-8")
    data.write_text(
        json.dumps(_json(outcomes, command, machine), indent=2) + "\n", encoding="utf-8"
    )
    return [markdown, data]


def _head(command: str, machine: dict[str, Any]) -> list[str]:
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    return [
        "# Results",
        "",
        f"- when: {machine['date']}, by `{command}`",
        f"- where: {machine['cores']} cores ({machine['processor']}), {machine['memory_gib']} GiB,"
        f" {machine['system']}",
        f"- with: Python {machine['python']}, {packages}",
        "",
        "Figure and floor are medians of several measurements, made in turn; the ratio is the median",
        "of the ratios of each pair. The load generator runs on the same cores.",
    ]


def _section(outcome: Outcome) -> Iterator[str]:
    yield f"\n## {outcome.title}\n"
    yield f"Others took {outcome.disturbance:.0%} of the processor at the most.\n"
    yield f"| {' | '.join(_COLUMNS)} |"
    yield "|---|---:|---:|---:|---|---|"
    for cells in _rows(outcome):
        yield f"| {' | '.join(cells)} |"


def _rows(outcome: Outcome) -> Iterator[tuple[str, ...]]:
    if outcome.failure:
        yield (f"this scene failed: {outcome.failure}", "", "", "", "", "")
    for figure in outcome.figures:
        yield (
            figure.what + (f" ({figure.note})" if figure.note else ""),
            f"{number(figure.value)} {figure.unit}".rstrip(),
            "" if figure.floor is None else number(figure.floor),
            "" if figure.ratio is None else f"{figure.ratio:.2f} x",
            str(figure.target or ""),
            {True: "yes", False: "NO", None: ""}[figure.held],
        )


def number(value: float) -> str:
    """Write a number with three digits that count, and all of those before the point."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def _json(outcomes: Sequence[Outcome], command: str, machine: dict[str, Any]) -> dict[str, Any]:
    scenes = {
        outcome.name: {
            "figures": [figure.to_json() for figure in outcome.figures],
            "disturbance": round(outcome.disturbance, 3),
            "failure": outcome.failure or None,
        }
        for outcome in outcomes
    }
    return {"command": command, **machine, "scenes": scenes}
