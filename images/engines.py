"""Docker, podman and buildah, as far as they are alike."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

BUILDERS = ("docker", "podman", "buildah")
RUNNERS = ("docker", "podman")
"""buildah starts no containers."""

_CHUNK = 1 << 20


class Problem(Exception):
    """What went wrong and what to do, in one line for people."""


class Engine:
    """One of them, by its command."""

    def __init__(self, name: str) -> None:
        self.name = name

    def ensure(self, image: str) -> None:
        """See to it that an image is here. Raises Problem if it cannot be had."""
        if self._quietly("inspect", "--type", "image", image).returncode == 0:
            return
        pulled = self._quietly("pull", image)
        if pulled.returncode != 0:
            said = pulled.stderr.strip().splitlines() or ["it does not say why"]
            raise Problem(
                f"there is no base {image} here, and {self.name} cannot pull it ({said[-1]});"
                " name one with BASE=..., or make one with `make image-base`"
            )

    def build(
        self,
        context: Path,
        options: Sequence[str],
        secrets: Mapping[str, Path] | None = None,
    ) -> None:
        """Build an image. What the engine writes is for people. Raises Problem if it fails."""
        command = self._build(context, options, secrets or {})
        if subprocess.run(command, env=_environment()).returncode != 0:
            raise Problem(f"{self.name} could not build the image; it says above why")

    def unpacked_bytes(
        self, context: Path, options: Sequence[str], secrets: Mapping[str, Path]
    ) -> int:
        """Return the size of the root of an image that was just built: that of its archive.

        The engines' own lists do not mean the same by a size; some tell of compressed layers.
        """
        command = self._build(context, [*options, "--output", "type=tar,dest=-"], secrets)
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()
        ) as process:
            assert process.stdout is not None
            size = 0
            while chunk := process.stdout.read(_CHUNK):
                size += len(chunk)
        if process.returncode != 0:
            raise Problem(f"{self.name} could not unpack the image that it has just built")
        return size

    def ask(self, *arguments: str, with_stderr: bool = False, within: float | None = None) -> str:
        """Run one of its commands and return what it prints.

        Raises Problem if it fails, or takes longer than so many seconds.
        """
        try:
            done = self._quietly(*arguments, within=within)
        except subprocess.TimeoutExpired as error:
            raise Problem(
                f"`{self.name} {' '.join(arguments)}` took longer than {within:g} s"
            ) from error
        if done.returncode != 0:
            raise Problem(
                f"`{self.name} {' '.join(arguments)}` failed: {(done.stderr or done.stdout).strip()}"
            )
        return (done.stdout + (done.stderr if with_stderr else "")).strip()

    @property
    def read_only(self) -> tuple[str, ...]:
        """The options of `run` for a root that nobody can write."""
        # podman mounts folders of its own at /tmp, /run and /var/tmp unless it is told not to.
        return ("--read-only", *(["--read-only-tmpfs=false"] if self.name == "podman" else []))

    def works(self) -> bool:
        """Tell whether it is installed and answers: docker has a daemon that may not run."""
        if shutil.which(self.name) is None:
            return False
        return self.name != "docker" or self._quietly("version").returncode == 0

    def _build(
        self, context: Path, options: Sequence[str], secrets: Mapping[str, Path]
    ) -> list[str]:
        command = [self.name, "build", *options]
        if self.name != "docker":
            command.append("--layers")
            # Needs neither namespaces nor control groups of its own, which a machine of CI may not give.
            if "BUILDAH_ISOLATION" not in os.environ:
                command += ["--isolation", "chroot"]
        for name, file in secrets.items():
            command += ["--secret", f"id={name},src={file}"]
        return [*command, str(context)]

    def _quietly(
        self, *arguments: str, within: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.name, *arguments], capture_output=True, text=True, timeout=within
        )


def _environment() -> dict[str, str]:
    """Return that of a build: Docker before version 23 takes a builder without secrets unless told."""
    return {**os.environ, "DOCKER_BUILDKIT": "1"}


def find(wanted: str | None, among: Sequence[str]) -> Engine:
    """Return the engine that was asked for, or the first that works. Raises Problem without one."""
    for name in [wanted] if wanted else among:
        if name in among and Engine(name).works():
            return Engine(name)
    choice = f"{', '.join(among[:-1])} or {among[-1]}"
    if wanted:
        raise Problem(
            f"{wanted} does not work here, or is none of {choice}; name one by ENGINE=..."
        )
    raise Problem(f"this needs {choice}, and none of them works here; install one")
