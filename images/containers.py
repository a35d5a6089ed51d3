"""Containers as Kubernetes would start them: the image's user, a read-only root, no capability."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from images.engines import Engine, Problem

# Loopback of this machine: the log is there, and so is who checks.
_HARDENED = (
    "--network=host",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
)


@dataclass(frozen=True)
class Process:
    """A process in a container, by the ids that it has there."""

    pid: int
    parent: int
    state: str
    """R, S, Z and so on, as in /proc: Z is a zombie."""
    command: str


@dataclass(frozen=True)
class End:
    """How a container ended."""

    code: int
    seconds: float


class Container:
    """One container that goes on until it is told to end."""

    def __init__(self, engine: Engine, name: str, image: str) -> None:
        self.name = name
        self._engine = engine
        self._image = image

    def start(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        writable: Sequence[str],
        options: Sequence[str],
    ) -> None:
        """Start it. `writable` are the folders that are mounted, empty, where it may write."""
        mounts = [f"--mount=type=volume,destination={folder}" for folder in writable]
        variables = [f"--env={name}={value}" for name, value in environment.items()]
        self._engine.ask(
            *("run", "--detach", f"--name={self.name}", *_HARDENED, *self._engine.read_only),
            *(*mounts, *variables, *options, self._image, *arguments),
        )

    def end(self, within: float) -> End:
        """Send SIGTERM and wait for the end. Raises Problem if it takes longer than so many seconds."""
        since = time.monotonic()
        self._engine.ask("kill", "--signal=TERM", self.name)
        code = self._engine.ask("wait", self.name, within=within)
        return End(int(code), time.monotonic() - since)

    def processes(self) -> list[Process]:
        """Return what runs in it, without the one that looks."""
        listed = self._run_inside(_LIST)
        return [Process(*fields) for fields in json.loads(listed)]

    def kill(self, pid: int) -> None:
        """Kill one of its processes."""
        self._run_inside(f"import os; os.kill({pid}, 9)")

    def said(self) -> str:
        """Return its log. Raises Problem if it was never started."""
        return self._engine.ask("logs", self.name, with_stderr=True)

    def remove(self) -> None:
        """Leave nothing of it, whatever its state."""
        with suppress(Problem):  # it may not have been started
            self._engine.ask("rm", "--force", "--volumes", self.name)

    def _run_inside(self, script: str) -> str:
        return self._engine.ask("exec", self.name, "python", "-c", script)


def run_once(
    engine: Engine,
    image: str,
    arguments: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    options: Sequence[str],
) -> str:
    """Run a container to its end, in a folder that it may read, and return what it prints.

    Raises Problem if its exit code is not 0.
    """
    variables = [f"--env={name}={value}" for name, value in environment.items()]
    return engine.ask(
        *("run", "--rm", *_HARDENED, *engine.read_only, *variables, *options),
        *(f"--volume={folder}:/data:ro", "--workdir=/data", image, *arguments),
    )


# Run by the container's own Python; there is no `ps` in it.
_LIST = """
import json, os, pathlib
found = []
for folder in pathlib.Path("/proc").iterdir():
    if folder.name.isdigit() and int(folder.name) != os.getpid():
        stat = (folder / "stat").read_text()
        state, parent = stat[stat.rindex(")") + 2:].split()[:2]
        command = (folder / "cmdline").read_text().replace("\\0", " ").strip()
        found.append((int(folder.name), int(parent), state, command))
print(json.dumps(found))
"""
