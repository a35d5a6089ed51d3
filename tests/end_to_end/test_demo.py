"""The demo, as a user starts it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support import wait_until

pytestmark = [pytest.mark.timeout(180), pytest.mark.story]


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A temporary folder of the demo's own. Not pytest's: sockets in it must have short paths."""
    with tempfile.TemporaryDirectory(prefix="demo-") as path:
        yield Path(path)


def start(scratch: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "hedgerow.cli", "demo"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(scratch)},
        cwd=scratch,
        text=True,
    )


def left_behind(scratch: Path) -> list[str]:
    """Files in the folder, and processes that were told of it."""
    mark = str(scratch).encode()
    found = [str(path) for path in scratch.iterdir()]
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            said = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            if mark in said and int(process.name) != os.getpid():
                found.append(said.decode(errors="replace")[:200])
    return found


def test_the_demo_shows_what_it_claims_and_leaves_nothing(scratch: Path) -> None:
    demo = start(scratch)
    out, err = demo.communicate()

    assert (demo.returncode, err) == (0, ""), out
    titles = ("Consensus", "Timeout", "Quality", "A new", "A stream", "One trace")
    for number, title in enumerate(titles, 1):
        assert f"\n{number}  {title}" in out
    assert "✗" not in out
    assert "0 failed" in out
    assert re.search(r"(\d+) records went in and \1 scores came out", out)
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert left_behind(scratch) == []


async def test_a_demo_that_is_interrupted_leaves_nothing_either(scratch: Path) -> None:
    demo = start(scratch)
    await wait_until(lambda: list(scratch.glob("hedgerow-*/logs/*.log")), "the services start", 30)
    demo.send_signal(signal.SIGTERM)
    _, err = demo.communicate()

    assert (demo.returncode, err) == (143, "")
    assert left_behind(scratch) == []
