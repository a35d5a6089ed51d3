"""Builds the images, and tells how large they are."""

from __future__ import annotations

import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from images.engines import Engine
from images.pip_settings import secrets_of_pip

ROOT = Path(__file__).resolve().parent.parent

TARGETS = ("service", "executor", "cli")
SERVICE_AT_MOST = 275_000_000
"""Bytes of the target `service`, unpacked and with its base."""


@dataclass(frozen=True)
class Built:
    """An image that was built."""

    target: str
    name: str
    unpacked_bytes: int

    @property
    def is_too_large(self) -> bool:
        """Larger than its target may be."""
        return self.target == "service" and self.unpacked_bytes >= SERVICE_AT_MOST


def version() -> str:
    """Return the version that is built, which is the images' tag unless another is asked for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return str(project["version"])


def name_of(target: str, tag: str) -> str:
    """Return an image's name."""
    return f"hedgerow-{target}:{tag}"


def build_all(engine: Engine, base: str | None, tag: str) -> list[Built]:
    """Build every target. Without a base it is the Dockerfile's own. Raises Problem if that fails."""
    engine.ensure(base or default_base())
    with tempfile.TemporaryDirectory(prefix="hedgerow-images-") as folder:
        secrets = secrets_of_pip(Path(folder))
        built = []
        for target in TARGETS:
            name = name_of(target, tag)
            options = ["--target", target, "--build-arg", f"VERSION={version()}"]
            options += ["--build-arg", f"BASE={base}"] if base else []
            engine.build(ROOT, [*options, "--tag", name], secrets)
            built.append(Built(target, name, engine.unpacked_bytes(ROOT, options, secrets)))
    return built


def default_base() -> str:
    """Return the base that the Dockerfile names."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    return next(line.removeprefix("ARG BASE=") for line in lines if line.startswith("ARG BASE="))


def table(built: list[Built]) -> str:
    """Return the sizes for people."""
    rows = [("target", "image", "unpacked")]
    rows += [(b.target, b.name, f"{b.unpacked_bytes / 1e6:,.0f} MB") for b in built]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return "\n".join(
        f"{target:{widths[0]}}  {name:{widths[1]}}  {size:>{widths[2]}}"
        for target, name, size in rows
    )
