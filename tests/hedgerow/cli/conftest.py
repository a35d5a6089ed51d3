"""The command line, called as a user would call it, without a process each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from hedgerow.cli.app import app


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
