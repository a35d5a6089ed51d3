"""`hedgerow plan`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hedgerow.plans.plan import plan_from_yaml
from tests.hedgerow.cli.conftest import Run

PLAN = """
data_type: wine
models:
  - name: wine-net
  - name: wine-tree@2
policy:
  deadline: 50ms
  consensus: {quorum: all}
"""


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """A plan in a file."""
    file = tmp_path / "plan.yaml"
    file.write_text(PLAN)
    return file


def test_a_plan_is_applied_and_shown(run: Run, registry: str, plan: Path) -> None:
    applied = run("plan", "apply", str(plan), "--registry", registry)
    assert applied.out == "wine: plan revision 3 is in force\n"

    shown = run("plan", "show", "wine", "--registry", registry).out
    assert shown.startswith("# revision 3: applied 2026-01-02T03:04:05Z\n")
    assert plan_from_yaml(shown) == plan_from_yaml(PLAN)


def test_a_plan_is_told_to_scripts(run: Run, registry: str, plan: Path) -> None:
    for command in (("apply", str(plan)), ("show", "wine")):
        said = json.loads(run("plan", *command, "--registry", registry, "--json").out)
        assert said["revision"] == 3
        assert said["models"] == [{"name": "wine-net"}, {"name": "wine-tree@2"}]
        assert said["policy"]["deadline"] == "50ms"


def test_a_plan_that_cannot_be_applied_is_told(
    run: Run, registry: str, nobody: str, plan: Path, tmp_path: Path
) -> None:
    missing = run("plan", "apply", str(tmp_path / "no.yaml"), "--registry", registry)
    assert (missing.code, "No such file" in missing.error) == (1, True)

    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    assert "is not a text" in run("plan", "apply", str(tmp_path / "binary")).error

    plan.write_text(PLAN.replace("deadline: 50ms", "deadline: 50 parsecs"))
    assert "parsecs" in run("plan", "apply", str(plan), "--registry", registry).error

    plan.write_text(PLAN.replace("wine-net", "nobody"))
    assert "no model 'nobody'" in run("plan", "apply", str(plan), "--registry", registry).error

    plan.write_text(PLAN)
    down = run("plan", "apply", str(plan), "--registry", nobody)
    assert f"nothing answers at {nobody}" in down.error

    assert "no data type 'beer'" in run("plan", "show", "beer", "--registry", registry).error
