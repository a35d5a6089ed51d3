"""What is kept of a run."""

from __future__ import annotations

import json
from pathlib import Path

from bench.figures import Figure
from bench.report import Outcome, keep, replace

MACHINE = {
    "date": "2026-12-01",
    "cores": 2,
    "processor": "x",
    "memory_gib": 1,
    "system": "Linux",
    "python": "3",
    "packages": {},
}


def outcome(name: str, value: float) -> Outcome:
    return Outcome(name, f"the scene {name}", [Figure("rate", value, "records/s")])


def test_a_scene_that_was_measured_again_replaces_itself_and_says_when(tmp_path: Path) -> None:
    keep([outcome(name, 100) for name in "abc"], "python -m bench", MACHINE, tmp_path)
    replace([outcome("b", 200)], "python -m bench b", "2026-12-02", tmp_path)
    text = (tmp_path / "RESULTS.md").read_text()
    _, a, b, c = text.split("\n## ")
    assert a == "the scene a\n\n" + b.partition("\n\n")[2].replace("200", "100").replace(
        "Measured again on 2026-12-02, by `python -m bench b`. ", ""
    )
    assert "again" not in a + c
    assert c.startswith("the scene c\n")
    scenes = json.loads((tmp_path / "results.json").read_text())["scenes"]
    assert [scenes[name]["figures"][0]["value"] for name in "abc"] == [100, 200, 100]
    assert [scenes[name].get("date") for name in "abc"] == [None, "2026-12-02", None]

    # Once more: nothing grows.
    replace([outcome("b", 200)], "python -m bench b", "2026-12-02", tmp_path)
    assert (tmp_path / "RESULTS.md").read_text() == text


def test_a_scene_that_was_left_out_comes_last_and_then_replaces_itself(tmp_path: Path) -> None:
    keep([outcome("a", 100)], "python -m bench", MACHINE, tmp_path)
    before = (tmp_path / "RESULTS.md").read_text()
    for value, when in ((1, "Measured on"), (2, "Measured again on")):
        replace([outcome("b", value)], "python -m bench b", "2026", tmp_path)
        text = (tmp_path / "RESULTS.md").read_text()
        assert text.startswith(before + "\n## the scene b\n")
        assert f"{when} 2026, by `python -m bench b`." in text
        assert f"| rate | {value} records/s |" in text
    assert list(json.loads((tmp_path / "results.json").read_text())["scenes"]) == ["a", "b"]
