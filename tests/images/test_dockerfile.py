"""The Dockerfile, by reading it: what it copies is there, and what it makes runs as nobody."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

import pytest

from images.building import TARGETS, default_base
from images.mesh import WRITABLE
from services.executor.settings import ExecutorSettings
from services.registry.settings import RegistrySettings

ROOT = Path(__file__).parents[2]


@dataclass
class Stage:
    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def said(self, instruction: str) -> list[str]:
        return [value for name, value in self.instructions if name == instruction]


def read_stages() -> dict[str, Stage]:
    """The stages by name, with comments gone and continued lines joined."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.M)
    found: dict[str, Stage] = {}
    stage = Stage("")  # for what is before the first
    for line in text.replace("\\\n", " ").splitlines():
        name, _, value = line.partition(" ")
        if name == "FROM":
            base, _, label = value.partition(" AS ")
            stage = found[label] = Stage(base)
        elif name:
            stage.instructions.append((name, " ".join(value.split())))
    return found


STAGES = read_stages()


def lineage(target: str) -> Iterator[Stage]:
    """A stage and those that it is made from, the nearest first."""
    while target in STAGES:
        yield STAGES[target]
        target = STAGES[target].base


def last_said(target: str, instruction: str) -> str:
    return next(said[-1] for stage in lineage(target) if (said := stage.said(instruction)))


def environment(target: str) -> dict[str, str]:
    pairs = " ".join(value for stage in lineage(target) for value in stage.said("ENV"))
    return dict(pair.split("=", 1) for pair in pairs.split())


def copied() -> list[str]:
    """What stages take from the folder that is built."""
    values = [value for stage in STAGES.values() for value in stage.said("COPY")]
    return [
        source
        for value in values
        if not value.startswith("--from")
        for source in value.split()[:-1]
    ]


def is_sent(path: str) -> bool:
    """Tell whether a file or folder reaches a build: by the last pattern of .dockerignore that fits."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.lstrip("!")
        if pattern and not line.startswith("#") and fnmatch(path, pattern):
            sent = line.startswith("!")
    return sent


def test_targets_are_the_last_three_stages() -> None:
    assert tuple(STAGES)[-3:] == TARGETS


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_runs_by_a_number_that_is_not_root(target: str) -> None:
    user = last_said(target, "USER")

    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    # Nothing runs as root after it was said, in the target or before.
    after = [name for stage in lineage(target) for name, _ in stage.instructions]
    assert "RUN" not in [name for name, _ in STAGES[target].instructions]
    assert after.count("USER") == 1


@pytest.mark.parametrize("target", TARGETS)
def test_the_first_process_passes_signals_on_and_reaps(target: str) -> None:
    entry = json.loads(last_said(target, "ENTRYPOINT"))  # the form without a shell in between

    assert entry[:3] == ["dumb-init", "--single-child", "--"]


def test_services_are_named_as_modules() -> None:
    assert json.loads(last_said("service", "ENTRYPOINT"))[-2:] == ["python", "-m"]
    assert json.loads(last_said("executor", "CMD")) == ["services.executor"]
    for service in ("registry", "router", "collector", "executor"):
        assert importlib.util.find_spec(f"services.{service}.__main__")


def test_all_that_is_copied_exists_and_reaches_the_build() -> None:
    assert copied()
    for source in copied():
        assert (ROOT / source).exists(), source
        assert is_sent(source), source


def test_nothing_else_reaches_the_build() -> None:
    sent = {
        path.relative_to(ROOT).as_posix()
        for path in (*ROOT.iterdir(), *(ROOT / "images").rglob("*"))
        if is_sent(path.relative_to(ROOT).as_posix())
    }

    assert sent == set(copied())
    assert not is_sent("hedgerow/cli/__pycache__")


def test_everything_installed_has_a_hash_or_was_built_here() -> None:
    installs = [
        run for stage in STAGES.values() for run in stage.said("RUN") if "pip" in run.split()
    ]
    commands = [part for run in installs for part in run.split("&&") if "-m pip" in part]

    assert len(commands) == 2 + 2 * len(TARGETS)
    for command in commands:
        assert "--require-hashes" in command or "--no-index" in command
        assert "--only-binary :all:" in command or "--no-deps" in command


def test_the_base_is_an_argument_that_the_image_tells() -> None:
    assert {stage.base for stage in STAGES.values()} == {"${BASE}", "tools", "runtime"}
    assert re.fullmatch(r"python:3\.1[123]-slim-\w+", default_base())
    assert 'org.opencontainers.image.base.name="${BASE}"' in STAGES["runtime"].said("LABEL")[0]


@pytest.mark.parametrize(
    ("target", "service", "variable", "setting"),
    [
        ("service", "registry", "HEDGEROW_REGISTRY_SPOOL_DIR", "spool_dir"),
        ("executor", "executor", "HEDGEROW_EXECUTOR_CACHE_DIR", "cache_dir"),
    ],
)
def test_folders_that_are_written_are_the_users_and_are_declared(
    target: str, service: str, variable: str, setting: str
) -> None:
    kind = RegistrySettings if service == "registry" else ExecutorSettings
    folder = environment(target)[variable]

    assert setting in kind.model_fields
    (made,) = STAGES["runtime"].said("RUN")
    assert folder in made.split()
    assert "--owner=65532" in made
    assert folder in WRITABLE[service]
    assert f"`{folder}`" in (ROOT / "docs" / "deploy.md").read_text()


def test_byte_code_is_read_where_it_was_written() -> None:
    for target in TARGETS:
        folder = environment(target)["PYTHONPYCACHEPREFIX"]
        written = STAGES[f"{target}-environment"].said("RUN")[-1]
        assert f"PYTHONPYCACHEPREFIX={folder} " in written


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [hadolint, ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
