"""How pip in a build reaches its index: as pip here does.

A build may be behind a mirror, a proxy or a certificate of the company's own, of which the Dockerfile
knows nothing. It is told by two secrets: the settings as a `pip.conf`, and the certificates that those
name. Neither stays in an image, and so no password in an index's URL does.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_CERTIFICATES = "/run/secrets/certificates"
"""Where the Dockerfile puts that secret."""

_NEEDED = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "retries")


def secrets_of_pip(folder: Path) -> dict[str, Path]:
    """Write the secrets into a folder, and return the file of each."""
    said = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    settings = read(said.stdout)
    secrets = {"pip": folder / "pip.conf", "certificates": folder / "certificates"}
    secrets["pip"].write_text(written(settings))
    certificates = settings.get("cert")
    if certificates:
        shutil.copyfile(certificates, secrets["certificates"])
    else:
        del secrets["certificates"]
    return secrets


def read(listed: str) -> dict[str, str]:
    """Read `pip config list`: `global.index-url='...'`; the environment (`:env:`) has the last word."""
    pairs = [line.partition("=") for line in listed.splitlines() if "=" in line]
    pairs.sort(key=lambda pair: pair[0].startswith(":env:"))
    return {key.split(".")[-1]: str(ast.literal_eval(value)) for key, _, value in pairs}


def written(settings: Mapping[str, str]) -> str:
    """Return the `pip.conf` for a build; folders of this machine are not there."""
    lines = ["[global]"]
    for name in _NEEDED:
        values = [v for v in settings.get(name, "").split() if not v.startswith("file:")]
        if values:
            lines.append(f"{name} = {' '.join(values)}")
    if settings.get("cert"):
        lines.append(f"cert = {_CERTIFICATES}")
    return "\n".join(lines) + "\n"
