"""What the soak says of what it saw."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from soak.faults import KINDS, Act, Kind
from soak.models import Models
from soak.report import markdown, rows, sheets, verdict
from soak.soaking import Seen, Struck
from soak.streaming import StreamSeen
from soak.traffic import Call, Outcome, Traffic
from soak.usage import Usage, leaks

KILL, STOP = Kind(Act.KILL, "router"), Kind(Act.STOP, "host")


@pytest.fixture
def seen() -> Seen:
    traffic = Traffic(["localhost:1", "localhost:2"], Models(with_wine=False), 10, 1)
    traffic.calls = [
        Call(1.0, 0.1, Outcome.FIRST),
        Call(2.5, 0.3, Outcome.OTHER),
        Call(9.0, 0.2, Outcome.FIRST),
    ]
    return Seen(
        traffic,
        [StreamSeen("numbers", 9, 8, 1)],
        [Struck(KILL, 2.0, 5.0, 1.5), Struck(KILL, 8.0, 9.5, 0.5)],
    )


def test_a_row_has_the_calls_that_came_meanwhile(seen: Seen) -> None:
    killed, everything = rows(seen.struck, seen.traffic.calls)
    assert list(killed.cells()) == [
        *("kill -9 router", "2", "2", "1", "0", "0", "0.3 s", "1.0 s", "1.5 s")
    ]
    assert list(everything.cells())[2:4] == ["3", "1"]


def test_two_faults_at_once_both_have_the_calls(seen: Seen) -> None:
    seen.struck.append(Struck(STOP, 2.2, 5.0, 1.0, alone=False))
    seen.struck.append(Struck(STOP, 6.0, 7.0, 0.5))
    stopped, killed, _ = rows(seen.struck, seen.traffic.calls)
    assert (stopped.outcomes.total(), killed.outcomes.total()) == (1, 2)
    assert list(stopped.cells())[-2:] == ["0.5 s", "1.0 s"]  # the median of those that came alone


def test_nothing_wrong_is_nothing_to_say(seen: Seen) -> None:
    assert verdict(seen) == []
    assert markdown(seen)[0].startswith("| fault | times |")


def test_the_tables_fit_into_eighty_columns(seen: Seen) -> None:
    """With numbers as an hour gives them."""
    begun = [float(n) for n in range(300_000)]
    seen.traffic.calls = [Call(at, 3.5, Outcome.OTHER) for at in begun]
    seen.struck = [Struck(kind, 0.0, 6_000.0, 88.8) for kind in KINDS for _ in range(50)]
    seen.before = seen.after = {"collector-1": Usage(1234.5, 1000, 11)}
    out = io.StringIO()
    for sheet in sheets(seen):
        Console(width=80, file=out).print(sheet.to_table())
    shown = out.getvalue()
    assert "…" not in shown
    assert "kill -9 collector" in shown
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.LOST, Outcome.WRONG])
def test_one_bad_call_is_told(seen: Seen, outcome: Outcome) -> None:
    seen.traffic.calls.append(Call(3.0, 0.1, outcome))
    assert verdict(seen) == [f"1 calls {outcome}"]


def test_what_is_left_over_is_told(seen: Seen) -> None:
    seen.unwell.append("router-1: a stack")
    seen.traffic.wrong.append("two and two is five")
    assert verdict(seen) == ["two and two is five", "router-1: a stack"]


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (Usage(60, 25, 2), []),
        (Usage(160, 20, 2), ["router: 50 MiB before, 160 after"]),
        (Usage(50, 40, 2), ["router: 20 file descriptors before, 40 after"]),
        (Usage(50, 20, 3), ["router: 2 processes before, 3 after"]),
    ],
)
def test_a_leak_is_told(after: Usage, said: list[str]) -> None:
    assert leaks({"router": Usage(50, 20, 2)}, {"router": after}) == said
