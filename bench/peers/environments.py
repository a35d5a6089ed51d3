"""Where peers are installed, and what of."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ROOT / ".peers"

PACKAGES = {
    "plain": "grpcio",
    "triton": "nvidia-pytriton",
    "kserve": "kserve",
    "mlserver": "mlserver",
}
"""The package that a peer is, by the peer's name."""


def lacking(environments: Path = ENVIRONMENTS) -> str:
    """Say what is to be done before peers can be measured; empty: nothing."""
    missing = [name for name in PACKAGES if not (environments / name / ".ready").exists()]
    return f"{', '.join(missing)} not installed: `make bench-peers` first" if missing else ""


def python_of(name: str) -> str:
    """Return the Python of a peer."""
    return str(ENVIRONMENTS / name / "bin" / "python")


def version_of(name: str) -> str:
    """Return package and version, as pinned."""
    package = PACKAGES[name]
    pins = (Path(__file__).parent / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
    found = re.search(rf"^{re.escape(package)}==(\S+)", pins, re.MULTILINE)
    assert found is not None
    return f"{package} {found[1]}"
