"""The command line, called as a user would call it, without a process each."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hedgerow.cli.app import app
from tests.hedgerow.real_registry import RealRegistry


@dataclass(frozen=True)
class Done:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line of an error."""
        assert self.out == "" or self.code == 1, self
        lines = self.err.splitlines()
        assert len(lines) == 1, self
        assert lines[0].startswith("error: "), self
        return lines[0].removeprefix("error: ")


Run = Callable[..., Done]


@pytest.fixture
def run() -> Run:
    """Run a command: `run("models", "list", input=b"")`."""
    runner = CliRunner()

    def call(*arguments: str, **extra: Any) -> Done:
        result = runner.invoke(app, [*map(str, arguments)], **extra)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    return call


PLAN = "data_type: {}\nmodels:\n  - name: {}\npolicy:\n  timeout: {{}}\n"


class Cli:
    """The command line, of one data type, in a folder of its own."""

    def __init__(self, run: Run, folder: Path, data_type: str) -> None:
        self._run, self._folder, self.data_type = run, folder, data_type

    def __call__(self, *arguments: str, **extra: Any) -> Done:
        """Run a command; `T/` in it stands for the data type and a slash."""
        said = [argument.replace("T/", f"{self.data_type}/") for argument in arguments]
        return self._run(*said, **extra)

    def json(self, *arguments: str) -> Any:
        """Return what a command tells scripts."""
        return json.loads(self(*arguments, "--json").out)

    def push(self, number: int, *more: str) -> Done:
        """Push the model whose answer is a number."""
        file = self._folder / f"{number}.constant.json"
        file.write_text(json.dumps({"value": float(number), "features": [self.data_type]}))
        return self("models", "push", str(file), "--name", "T/tree", *more)

    def plan(self, reference: str, *more: str) -> Done:
        """Apply a plan of one model."""
        return self("plan", "apply", "-", *more, input=PLAN.format(self.data_type, reference))


@pytest.fixture
def cli(
    run: Run,
    real: RealRegistry,
    teller: str,
    data_type: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Cli:
    """The command line, set to the real registry."""
    monkeypatch.setenv("HEDGEROW_REGISTRY", real.address)
    monkeypatch.setenv("HEDGEROW_ROUTER", teller)
    monkeypatch.setenv("HEDGEROW_CALLER", "Ada Løvelace")
    return Cli(run, tmp_path, data_type)
