"""A process that is forked: what hung there says what to do, and what can work works."""

from __future__ import annotations

import subprocess
import sys

import pytest

_BEFORE = """
import os, sys
from hedgerow import AsyncClient, Client, errors
import asyncio
client = Client(sys.argv[1])
{before}
pid = os.fork()
if pid == 0:
    try:
        {after}
    except errors.InvalidInput as error:
        print("refused:", error, flush=True)
    sys.exit(0)
_, status = os.waitpid(pid, 0)
print("child", os.waitstatus_to_exitcode(status), flush=True)
print("parent", len(client.score("wine", [{{"alcohol": 1.0}}])), flush=True)
client.close()
"""
_SCORE = 'print("scored", len(client.score("wine", [{"alcohol": 1.0}])), flush=True)'
_OTHER = "client = Client(sys.argv[1]); " + _SCORE
_ASYNC = 'asyncio.run(AsyncClient(sys.argv[1]).score("wine", [{"alcohol": 1.0}]))'
_WITH = 'client.__enter__(); client.__exit__(None, None, None); print("closed", flush=True)'


def _run(router: str, before: str, after: str) -> list[str]:
    program = _BEFORE.format(before=before, after=after)
    ran = subprocess.run(
        [sys.executable, "-c", program, router], capture_output=True, text=True, timeout=40
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


@pytest.mark.parametrize("after", [_SCORE, _OTHER, _ASYNC])
def test_a_client_that_was_used_before_a_fork_is_refused_after_it(router: str, after: str) -> None:
    said, child, parent = _run(router, _SCORE, after)[1:]
    assert said.startswith("refused: cannot call")
    assert "spawn" in said
    assert (child, parent) == ("child 0", "parent 1")


def test_closing_a_client_after_a_fork_does_not_hang(router: str) -> None:
    assert _run(router, _SCORE, _WITH)[1:] == ["closed", "child 0", "parent 1"]


def test_a_client_that_was_made_and_not_used_before_a_fork_works_after_it(router: str) -> None:
    assert _run(router, "", _SCORE) == ["scored 1", "child 0", "parent 1"]
