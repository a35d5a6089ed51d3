"""What all commands have in common."""

from __future__ import annotations

import subprocess
import sys

import pytest

import hedgerow
from tests.hedgerow.cli.conftest import Run


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").out == f"hedgerow {hedgerow.__version__}\n"


@pytest.mark.parametrize("command", ["", "models", "plan", "score", "stream", "dead", "up", "demo"])
def test_each_command_helps(run: Run, command: str) -> None:
    done = run(*command.split(), "--help")
    assert done.code == 0
    assert "Usage: hedgerow" in done.out or "Usage: root" in done.out


def test_without_a_command_it_helps(run: Run) -> None:
    done = run()
    assert done.code == 2
    assert "demo" in done.out
    assert done.err == ""


def test_what_is_asked_wrongly_is_one_line_and_code_2(run: Run) -> None:
    done = run("models", "push", "tree.pmml", "--data-type", "wine", "--name", "t", "--metric", "3")
    assert done.code == 2
    assert "--metric" in done.error
    assert "--help" in done.error

    assert "Did you mean 'score'" in run("scor").error


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys; sys.argv = ['hedgerow', '--help']\n"
        "from hedgerow.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in ('grpc', 'numpy', 'yaml') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_whoever_has_read_enough_is_not_bothered(router: str) -> None:
    records = "alcohol\n" + "13.2\n" * 20_000
    command = [sys.executable, "-m", "hedgerow.cli", "score", "wine", "-", "--router", router]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdin.write(records)
    process.stdin.close()
    assert process.stdout.readline().startswith("value,")
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait(30) == 1
