"""The house stays one to live in: who may know whom, how full a floor is, and what users import."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import hedgerow

ROOT = Path(__file__).parents[2]
SERVICES = ("router", "collector", "executor", "registry")
MOST_ROOMS = 15

EXPORTS = {
    "Answer",
    "Answers",
    "AsyncClient",
    "AsyncRegistry",
    "Client",
    "DeadLetter",
    "HedgerowError",
    "Outgoing",
    "Registry",
    "StreamScore",
    "__version__",
}

WALL_CLOCK = {
    "hedgerow/cli/streams/scores.py": "since when a person asks for scores",
    "services/collector/decide_span.py": "when a span ended",
    "services/collector/tasks/statistics.py": "since when it was counted, in the state",
    "services/common/disk/memory.py": "when it was written, for who restores it",
    "services/common/state.py": "since when the service runs, in the state",
    "services/common/telemetry/tracing.py": "when a span ended",
    "services/executor/definition_cache.py": "how old a file is",
    "services/executor/host/host_spans.py": "when spans began and ended",
    "services/executor/processes/host_process.py": "since when a host is in its state, in the state",
    "services/common/log/numbers.py": "when it was told that a number was used, in the log",
    "services/registry/backups/restoring.py": "when it was restored, in the log",
    "services/registry/backups/saving.py": "when it was made, in the backup",
    "services/executor/reports.py": "since when a version is in its state, in the log",
    "services/registry/ledger.py": "when something was written, in the log",
}
"""Who may read the wall clock, and for whom: it may be set back or forth, and moves no decision."""
_WALL_TIME = re.compile(
    r"\btime\.(time|time_ns|ctime|gmtime|localtime)\(|from time import .*\b(time|time_ns)\b"
    r"|\b(datetime|date)\.(now|utcnow|today)\(|GetCurrentTime|default_timer|CLOCK_REALTIME"
)


def sources() -> Iterator[Path]:
    for folder in ("hedgerow", "services"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "v1" not in path.relative_to(ROOT).parts:
                yield path


def imported(path: Path) -> Iterator[str]:
    """What a file imports, for types alone too, each name by its module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def may_know(path: Path) -> set[str]:
    """The beginnings of the modules of this tree that a file may import."""
    parts = path.relative_to(ROOT).parts
    if parts[0] == "hedgerow":
        return {"hedgerow"}
    if parts[1] in SERVICES:
        return {"hedgerow", "services.common", f"services.{parts[1]}"}
    return {"hedgerow", "services.common"}


def test_what_users_import_is_there() -> None:
    assert set(hedgerow.__all__) == EXPORTS
    for name in EXPORTS:
        assert getattr(hedgerow, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Clients'"):
        hedgerow.Clients  # noqa: B018


def test_nobody_knows_whom_it_may_not_know() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in sources()
        for module in imported(path)
        if module.split(".")[0] in ("hedgerow", "services", "tests", "bench", "soak", "images")
        and not any(f"{module}.".startswith(f"{known}.") for known in may_know(path))
    ]
    assert not wrong


@pytest.mark.parametrize(
    "folder",
    sorted({path.parent for path in sources()}),
    ids=lambda f: f.relative_to(ROOT).as_posix(),
)
def test_no_two_parts_need_each_other(folder: Path) -> None:
    """Parts are the files and folders of a folder; one that needs another stands above it."""
    package = ".".join(folder.relative_to(ROOT).parts)
    needs: dict[str, set[str]] = {}
    for path in sources():
        if path.is_relative_to(folder):
            part = path.relative_to(folder).with_suffix("").parts[0]
            inside = [m for m in imported(path) if m.startswith(f"{package}.")]
            found = {module.removeprefix(f"{package}.").split(".")[0] for module in inside}
            needs.setdefault(part, set()).update(found - {part})
    TopologicalSorter(needs).prepare()  # tells the circle, if there is one


def test_no_folder_has_more_rooms_than_one_can_know() -> None:
    folders = {path.parent for path in sources()}
    crowded = {
        str(folder.relative_to(ROOT)): rooms
        for folder in folders
        if (rooms := len([p for p in folder.glob("*.py") if not p.stem.startswith("__")]))
        > MOST_ROOMS
    }
    assert not crowded


def test_deciding_code_knows_neither_grpc_nor_redis() -> None:
    pure = ["services/collector/rules", "services/collector/tasks", "services/router/hedging"]
    pure += ["services/router/plans"]
    wrong = [
        f"{path.relative_to(ROOT)} imports {module}"
        for folder in pure
        for path in (ROOT / folder).glob("*.py")
        for module in imported(path)
        if module.split(".")[0] in ("grpc", "redis")
    ]
    assert not wrong


def test_only_what_people_read_is_told_by_the_wall_clock() -> None:
    readers = {
        str(path.relative_to(ROOT)) for path in sources() if _WALL_TIME.search(path.read_text())
    }
    assert readers == WALL_CLOCK.keys()
