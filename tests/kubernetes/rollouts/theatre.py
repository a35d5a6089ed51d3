"""Starts a scene in namespaces of its own, and speaks to it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.kubernetes.manifests.rendering import ROOT

_NEEDED = ("ip", "unshare", "nsenter", "setpriv", "mount", "chroot")
# fmt: off
_APART = (
    "unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child",
    "--propagation", "private",
)
# fmt: on


def why_not() -> str:
    """Return why this machine cannot have namespaces; empty if it can."""
    missing = [program for program in _NEEDED if shutil.which(program) is None]
    if missing:
        return f"{', '.join(missing)} is missing (Debian: util-linux, iproute2)"
    made = subprocess.run([*_APART, "true"], capture_output=True, text=True, check=False)
    return made.stderr.strip() if made.returncode else ""


class Theatre:
    """One scene, in a process; ends with the block, and leaves nothing."""

    def __init__(self, folder: Path, overlay: str = "production") -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [*_APART, sys.executable, "-m", "tests.kubernetes.rollouts", str(folder), overlay],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def do(self, *said: object) -> Any:
        """Have the scene do something, and return what it says of it; what fails there fails here."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(said) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"failed": "the scene has ended"}')
        assert "failed" not in answer, answer["failed"]
        return answer["done"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
