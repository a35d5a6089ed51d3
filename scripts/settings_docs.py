"""Write the table of settings in docs/operations.md from the settings classes: `--check` only compares."""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings

from hedgerow.durations import format_duration
from services.common.settings import ServiceSettings

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "operations.md"
BEGIN, END = (
    "<!-- settings: written by scripts/settings_docs.py -->\n",
    "<!-- end of settings -->\n",
)
SERVICES = ("router", "registry", "executor", "collector")


def settings_of(service: str) -> type[ServiceSettings]:
    """Return the settings class of a service."""
    module = import_module(f"services.{service}.settings")
    found: type[ServiceSettings] = getattr(module, f"{service.capitalize()}Settings")
    return found


def tables() -> str:
    """Return a table of what all services share, then one a service."""
    common = "\n".join(_rows(ServiceSettings, "HEDGEROW_<SERVICE>_", set()))
    parts = [f"Every service:\n\n{_HEAD}{common}\n"]
    for service in SERVICES:
        own = set(ServiceSettings.model_fields) - {"port"}
        rows = "\n".join(_rows(settings_of(service), f"HEDGEROW_{service.upper()}_", own))
        parts.append(f"The {service}:\n\n{_HEAD}{rows}\n")
    return "\n".join(parts)


_HEAD = "| variable | default | meaning |\n|---|---|---|\n"


def _rows(kind: type[ServiceSettings], prefix: str, without: set[str]) -> list[str]:
    rows = []
    meanings = dict(_meanings(kind))
    for name, field in kind.model_fields.items():
        if name not in without:
            meaning = " ".join(meanings[name].split())
            rows.append(f"| `{prefix}{name.upper()}` | {_shown(field.default)} | {meaning} |")
    return rows


def _meanings(kind: type[ServiceSettings]) -> Iterator[tuple[str, str]]:
    """Return fields and the strings under them, those of base classes first.

    Pydantic can too (`use_attribute_docstrings`), in each process that only wants the values: it would
    be 0.1 s of its start.
    """
    for base in reversed(kind.__mro__[: kind.__mro__.index(BaseSettings)]):
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        assert isinstance(tree, ast.ClassDef)
        for statement, after in pairwise(tree.body):
            match statement, after:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(ast.Constant(str(meaning))):
                    yield name, meaning


def _shown(value: Any) -> str:
    if isinstance(value, timedelta):
        return f"`{format_duration(value)}`"
    if isinstance(value, frozenset):
        return f"`{','.join(sorted(value))}`"
    if isinstance(value, Path):
        return "in the system's folder for temporary files"
    return f"`{value}`" if str(value) and value not in (None, ()) else ""


def main() -> None:
    """Write, or check."""
    text = DOCUMENT.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    fresh = f"{before}{BEGIN}\n{tables()}\n{END}{after}"
    if "--check" not in sys.argv[1:]:
        DOCUMENT.write_text(fresh)
    elif fresh != text:
        sys.exit("docs/operations.md does not have the settings as they are; run `make docs`")


if __name__ == "__main__":
    main()
