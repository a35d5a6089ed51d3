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
_SECTION = "\n## "
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


def keep(
    outcomes: Sequence[Outcome], command: str, machine: dict[str, Any], folder: Path = _FOLDER
) -> list[Path]:
    """Replace RESULTS.md and results.json; older ones are in the history of git."""
    markdown, data = folder / "RESULTS.md", folder / "results.json"
    lines = [*_head(command, machine), *(line for o in outcomes for line in _section(o))]
    markdown.write_text("\n".join(lines) + "\n", encoding="utf-8")
    data.write_text(
        json.dumps(_json(outcomes, command, machine), indent=2) + "\n", encoding="utf-8"
    )
    return [markdown, data]


def replace(
    outcomes: Sequence[Outcome], command: str, date: str, folder: Path = _FOLDER
) -> list[Path]:
    """Put scenes that were measured again in the place of what `keep` wrote of them; each says when.

    One that was left out then comes last.
    """
    markdown, data = folder / "RESULTS.md", folder / "results.json"
    known = json.loads(data.read_text(encoding="utf-8"))
    head, *sections = markdown.read_text(encoding="utf-8").split(_SECTION)
    places = {section.partition("\n")[0]: place for place, section in enumerate(sections)}
    for outcome in outcomes:
        again = outcome.title in places
        place = places.setdefault(outcome.title, len(places))
        when = f"Measured{' again' if again else ''} on {date}, by `{command}`. "
        section = "\n".join(_section(outcome, when)).removeprefix(_SECTION) + "\n"
        sections[place : place + 1] = [section]
        known["scenes"][outcome.name] = _scene_json(outcome) | {"date": date, "command": command}
    text = _SECTION.join([head, *(section.rstrip("\n") + "\n" for section in sections)])
    markdown.write_text(text, encoding="utf-8")
    data.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
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
        "of the ratios of each pair. The load generator runs on the same cores. Beside a peer, the floor",
        "is what the peer did.",
    ]


def _section(outcome: Outcome, when: str = "") -> Iterator[str]:
    yield f"{_SECTION}{outcome.title}\n"
    yield f"{when}Others took {outcome.disturbance:.0%} of the processor at the most.\n"
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
    scenes = {outcome.name: _scene_json(outcome) for outcome in outcomes}
    return {"command": command, **machine, "scenes": scenes}


def _scene_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "figures": [figure.to_json() for figure in outcome.figures],
        "disturbance": round(outcome.disturbance, 3),
        "failure": outcome.failure or None,
    }
