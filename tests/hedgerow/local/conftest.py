"""A local mesh whose four services are stand-ins: it starts in a second and misbehaves on demand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hedgerow.local.environment import SERVICES

_FAKE = Path(__file__).with_name("fake_service.py")


@pytest.fixture
def fake_services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package `services` that stands before ours in the children's path."""
    root = tmp_path / "fakes"
    for name in SERVICES:
        package = root / "services" / name
        package.mkdir(parents=True)
        (package / "__main__.py").write_text(
            "import runpy, sys\n"
            f"sys.argv = ['fake', {name!r}]\n"
            f"runpy.run_path({str(_FAKE)!r}, run_name='__main__')\n"
        )
    (root / "services" / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(root))
    return root


Up = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def up(fake_services: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Up]:
    """Start `hedgerow up` with stand-ins; what a test leaves running is killed."""
    # Who is killed cannot remove its temporary folder; pytest removes this one.
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "hedgerow.cli", "up", *arguments]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.communicate()
