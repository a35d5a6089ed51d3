"""Where sizes are kept: `sizes.json` for programs, SIZES.md for people. Each part keeps its own date."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.report import number
from bench.sizes.size import Size

_FOLDER = Path(__file__).parents[1]
FILE = _FOLDER / "sizes.json"
_TABLE = _FOLDER / "SIZES.md"

_HEAD = """\
# Sizes

What each part of a mesh takes, by `python -m bench.sizes PART`. Memory is MiB of 1,048,576 bytes. *Private*
is what a process alone has, and its end gives back; *anonymous* is what no file has, shared with forked
processes or not; *resident* counts program files too, which the kernel can drop. Processor time is user and
system of one process, by the kernel's own count. The load generator runs on the same cores."""


def read() -> dict[str, float]:
    """Return every size by its key."""
    return {size["key"]: size["value"] for part in _parts().values() for size in part["sizes"]}


def keep(part: str, sizes: Sequence[Size], machine: dict[str, Any], others: float) -> None:
    """Replace what was measured of a part; older numbers are in the history of git."""
    parts = _parts()
    parts[part] = {
        "command": f"python -m bench.sizes {part}",
        "others": round(others, 3),
        **machine,
        "sizes": [{**asdict(size), "value": round(size.value, 4)} for size in sizes],
    }
    FILE.write_text(json.dumps(parts, indent=2) + "\n", encoding="utf-8")
    _TABLE.write_text("\n".join([_HEAD, *_sections(parts)]) + "\n", encoding="utf-8")


def _parts() -> dict[str, Any]:
    parts: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    return parts


def _sections(parts: dict[str, Any]) -> Iterator[str]:
    for name, part in parts.items():
        yield f"\n## {name}\n"
        yield (
            f"{part['date']}, `{part['command']}`, {part['cores']} cores ({part['processor']}),"
            f" {part['memory_gib']} GiB, Python {part['python']}. Others took"
            f" {part['others']:.0%} of the processor.\n"
        )
        yield "| what | size | key |"
        yield "|---|---:|---|"
        for size in part["sizes"]:
            value = f"{number(size['value'])} {size['unit']}".rstrip()
            yield f"| {size['what']} | {value} | `{size['key']}` |"
