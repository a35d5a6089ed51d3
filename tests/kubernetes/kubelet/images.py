"""What stands for an image here: a folder with the code, and programs of this machine.

An image is known by its name and tag. Its entry point is that of the Dockerfile.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from tests.kubernetes.manifests.rendering import ROOT

_PROGRAMS = Path(__file__).parent / "programs"


@dataclass(frozen=True)
class Image:
    """How a container of an image is made."""

    entry_point: tuple[str, ...] = ()
    code: Path = ROOT
    """Is at /app."""
    environment: Mapping[str, str] = field(default_factory=dict)


def entry_point(target: str) -> tuple[str, ...]:
    """Return the entry point of a target of the Dockerfile."""
    text = (ROOT / "Dockerfile").read_text()
    _, _, stage = text.partition(f"FROM runtime AS {target}\n")
    (line,) = re.findall(r"^ENTRYPOINT (.*)$", stage.partition("\nFROM ")[0], re.M)
    return tuple(json.loads(line))


def of_this_code(code: Path = ROOT) -> Image:
    """Return an image of our services."""
    path = "/app/tests/plugins:/app"
    return Image(entry_point("service"), code, {"PYTHONPATH": path, "HOME": "/tmp"})


def of_commit(commit: str, folder: Path) -> Image | None:
    """Return an image of an older state of the code; None where the history does not have it."""
    packed = subprocess.run(
        ["git", "-C", str(ROOT), "archive", commit], capture_output=True, check=False
    )
    if packed.returncode:
        return None
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return of_this_code(folder)


VALKEY = Image()

MOUNTS = {Path(sys.prefix): "/venv", _PROGRAMS: "/programs"}
"""What every container sees beside its code."""

PATH = "/programs:/venv/bin:/usr/local/bin:/usr/bin:/bin"
