"""`hedgerow state`."""

from __future__ import annotations

import json

from tests.hedgerow.cli.conftest import Run
from tests.hedgerow.fakes import FakeState, served


def test_the_state_of_a_service_is_shown(run: Run) -> None:
    with served(FakeState()) as address:
        shown = [line.rstrip() for line in run("state", address).out.splitlines()]
        told = json.loads(run("state", address, "--json").out)
    assert shown[:3] == [
        "everything 1.2.3, since 2026-01-02T03:04:05Z",
        "plan of wine: revision 4",
        "tasks_in_flight: 3",
    ]
    assert shown[4].split() == ["wine/wine-tree@2", "serving", "127.0.0.1:1234", "77"]
    assert shown[6].split()[:2] == ["wine/wine-tree@2", "9"]
    assert shown[6].endswith("1.50 ms")
    assert told["hosts"][0]["pid"] == 77


def test_where_nothing_listens_it_says_so(run: Run, nobody: str) -> None:
    assert f"nothing answers at {nobody}" in run("state", nobody).error
