"""What the documents show is so."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import hedgerow
from hedgerow.client.aio import make_request
from hedgerow.plans.plan import overridden, plan_from_yaml, policy_from_yaml, strategy_from_yaml
from hedgerow.v1.scoring_pb2 import ScoreRequest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", document.read_text(), re.M | re.S)


@pytest.mark.parametrize("plan", blocks(ROOT / "docs" / "plans.md", "yaml"))
def test_the_plans_shown_can_be_read(plan: str) -> None:
    assert plan_from_yaml(plan).data_type == "wine"


@pytest.mark.parametrize(
    "plan", sorted((ROOT / "examples" / "wine").glob("*.yaml")), ids=lambda path: path.name
)
def test_the_plans_of_the_example_can_be_read(plan: Path) -> None:
    if plan.name != "models.yaml":
        assert plan_from_yaml(plan.read_text()).data_type == "wine"


def test_overrides_shown_fit_the_plans_shown() -> None:
    document = ROOT / "docs" / "plans.md"
    plan = plan_from_yaml(blocks(document, "yaml")[1])
    commands = "".join(blocks(document, "sh"))
    policies = re.findall(r"--policy '([^']*)'", commands)
    strategies = re.findall(r"--strategy '([^']*)'", commands)
    assert len(policies) == 1
    assert len(strategies) == 2
    for said in policies:
        overridden(plan, policy_from_yaml(said), None)
    for said in strategies:
        overridden(plan, None, strategy_from_yaml(said))


def test_the_python_shown_for_plans_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[ScoreRequest] = []

    class Client:
        def __init__(self, target: str) -> None: ...

        def __enter__(self) -> Client:
            return self

        def __exit__(self, *_: object) -> None: ...

        def score(self, data_type: str, records: dict[str, float], **overrides: Any) -> None:
            said.append(make_request(data_type, records, explain=False, **overrides))

    monkeypatch.setattr(hedgerow, "Client", Client, raising=False)
    (script,) = blocks(ROOT / "docs" / "plans.md", "python")
    monkeypatch.chdir(ROOT)
    exec(script, {})
    assert said[0].policy.rule.consensus.quorum.all
    assert said[0].strategy.starts["wine-boosting"].on_doubt


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", document.read_text())
    missing = [target for target in targets if not (document.parent / target).exists()]
    assert not missing


def test_files_that_the_readme_uses_exist() -> None:
    used = re.findall(r"examples/wine/[\w.-]+\.\w+", (ROOT / "README.md").read_text())
    assert used
    assert not [path for path in used if not (ROOT / path).exists()]


def test_the_readme_gives_a_reason_for_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    requirements = project["dependencies"] + [
        r for extra in project["optional-dependencies"].values() for r in extra
    ]
    names = {re.split(r"[^a-z0-9-]", requirement.lower())[0] for requirement in requirements}
    readme = (ROOT / "README.md").read_text()
    table = readme[readme.index("## What it stands on") :].replace("opentelemetry-api, -sdk", "")
    unnamed = {name for name in names if name not in table and "opentelemetry" not in name}
    assert not unnamed


def test_the_files_the_architecture_names_are_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    named = set(re.findall(r"`([a-z_]+/[a-z_0-9/]*\.(?:py|proto|toml))`", text))
    assert len(named) > 40
    assert not [n for n in named if not ((ROOT / n).exists() or (ROOT / "services" / n).exists())]
